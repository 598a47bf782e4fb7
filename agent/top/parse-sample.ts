/** HAProxy's statistics as samples of listeners and members (HAProxy management guide, 9.1, "CSV format"). */
import { StatsRows } from "../loadbalancer/stats-rows.ts";
import type { ListenerSample, MemberSample } from "./types.ts";

/** Ask for what {@link parseSample} reads: frontends and servers (1 + 4). */
export const TOP_COMMAND = "show stat -1 5 -1";

const COLUMNS = [
  "pxname",
  "svname",
  "qcur",
  "scur",
  "stot",
  "ereq",
  "econ",
  "eresp",
  "status",
  "weight",
  "hrsp_5xx",
  "req_tot",
  "qtime",
  "ctime",
  "rtime",
] as const;

type Fields = Readonly<Record<(typeof COLUMNS)[number], string>>;

/** Of servers, by backend and name. HAProxy tells them to sockets of a higher level only. */
export type Addresses = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * @param answer - complete
 * @throws AgentError `unavailable` when it is cut off
 */
export function parseSample(
  answer: Buffer,
  addresses: Addresses,
): {
  readonly listeners: readonly ListenerSample[];
  readonly members: readonly MemberSample[];
} {
  const listeners: ListenerSample[] = [];
  const members: MemberSample[] = [];
  const rows = new StatsRows(answer);
  const columns = rows.open(COLUMNS);
  if (!columns) return { listeners, members };
  for (let row = rows.next(); row; row = rows.next()) {
    const fields = Object.fromEntries(COLUMNS.map((name) => [name, row[columns[name]] ?? ""])) as Fields;
    // The exporter's own proxies are nobody's listener or pool (docs/contract/metrics.md, section 1).
    if (fields.pxname.includes("prometheus")) continue;
    if (fields.svname === "FRONTEND") listeners.push(listenerOf(fields));
    else members.push(memberOf(fields, addresses));
  }
  return { listeners, members };
}

function listenerOf({ pxname, status, scur, stot, req_tot, ereq, hrsp_5xx }: Fields): ListenerSample {
  return {
    id: pxname,
    state: status,
    connections: Number(scur),
    // Without HTTP there are no requests, and a session stands for one.
    requests: Number(req_tot) || Number(stot),
    errors: Number(ereq) + Number(hrsp_5xx),
  };
}

function memberOf(fields: Fields, addresses: Addresses): MemberSample {
  const { pxname, svname, status, weight, scur, stot, qcur, econ, eresp, hrsp_5xx } = fields;
  const { qtime, ctime, rtime } = fields;
  return {
    key: `${pxname} ${svname}`,
    id: svname,
    pool: pxname.split(":")[0] ?? pxname,
    address: addresses.get(pxname)?.get(svname) ?? "",
    // HAProxy shows a server without weight as up; it gets nothing new (docs/contract/heartbeat.md, section 4).
    state: status === "UP" && weight === "0" ? "DRAIN" : status,
    connections: Number(scur),
    queue: Number(qcur),
    requests: Number(stot),
    errors: Number(econ) + Number(eresp) + Number(hrsp_5xx),
    latencyMs: Number(qtime) + Number(ctime) + Number(rtime),
  };
}
