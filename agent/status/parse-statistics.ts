/** HAProxy's statistics as a person wants to see them: with weights, times, and what the last check said. */
import { StatsRows } from "../loadbalancer/stats-rows.ts";

/**
 * Ask for what {@link parseStatistics} reads: frontends (1), backends and servers (2 + 4).
 * @see HAProxy management guide, "show stat"
 */
export const STATISTICS_COMMAND = "show stat -1 7 -1";

const COLUMNS = [
  "pxname",
  "svname",
  "scur",
  "slim",
  "stot",
  "ereq",
  "status",
  "weight",
  "lastchg",
  "check_status",
  "check_code",
  "check_duration",
  "last_chk",
] as const;

type Fields = Readonly<Record<(typeof COLUMNS)[number], string>>;

export interface FrontendRow {
  readonly name: string;
  readonly status: string;
  readonly current: number;
  readonly limit: number | undefined;
  readonly total: number;
  readonly requestErrors: number;
}

export interface ServerRow {
  readonly name: string;
  /** As HAProxy shows it, but `DRAIN` for a server that is up and has no weight (docs/contract/heartbeat.md, section 4). */
  readonly status: string;
  readonly weight: number | undefined;
  readonly sinceSeconds: number | undefined;
  readonly check: CheckResult | undefined;
}

export interface CheckResult {
  readonly status: string;
  readonly code: number | undefined;
  readonly durationMs: number | undefined;
  readonly text: string;
}

export interface BackendRow {
  readonly name: string;
  readonly status: string;
  readonly servers: readonly ServerRow[];
}

export interface StatisticsRows {
  readonly frontends: readonly FrontendRow[];
  readonly backends: readonly BackendRow[];
}

/**
 * @param answer - to {@link STATISTICS_COMMAND}, complete
 * @throws AgentError `unavailable` when the answer is cut off
 */
export function parseStatistics(answer: Buffer): StatisticsRows {
  const frontends: FrontendRow[] = [];
  const backends = new Map<string, { status: string; servers: ServerRow[] }>();
  const rows = new StatsRows(answer);
  const columns = rows.open(COLUMNS);
  if (!columns) return { frontends, backends: [] };
  for (let row = rows.next(); row; row = rows.next()) {
    const fields = Object.fromEntries(COLUMNS.map((name) => [name, row[columns[name]] ?? ""])) as Fields;
    const { pxname, svname, status } = fields;
    // The exporter's own proxies.
    if (pxname.includes("prometheus")) continue;
    if (svname === "FRONTEND") {
      frontends.push(frontendOf(fields));
      continue;
    }
    const backend = backends.get(pxname) ?? { status: "", servers: [] };
    backends.set(pxname, backend);
    if (svname === "BACKEND") backend.status = status;
    else backend.servers.push(serverOf(fields));
  }
  return { frontends, backends: Array.from(backends, ([name, backend]) => ({ name, ...backend })) };
}

function frontendOf({ pxname, status, scur, slim, stot, ereq }: Fields): FrontendRow {
  return {
    name: pxname,
    status,
    current: Number(scur),
    limit: count(slim),
    total: Number(stot),
    requestErrors: Number(ereq),
  };
}

function serverOf(fields: Fields): ServerRow {
  const weight = count(fields.weight);
  return {
    name: fields.svname,
    status: fields.status === "UP" && weight === 0 ? "DRAIN" : fields.status,
    weight,
    sinceSeconds: count(fields.lastchg),
    check: checkOf(fields),
  };
}

/** A check that runs right now is marked with `* ` in front of the last result; `INI` and `UNK` are none. */
function checkOf({ check_status, check_code, check_duration, last_chk }: Fields): CheckResult | undefined {
  const status = check_status.replace(/^\* /, "");
  if (["", "INI", "UNK"].includes(status)) return undefined;
  return { status, code: count(check_code), durationMs: count(check_duration), text: last_chk };
}

function count(digits: string): number | undefined {
  return /^\d+$/.test(digits) ? Number(digits) : undefined;
}
