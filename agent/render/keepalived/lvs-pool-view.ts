/** The pool, the members and their checks of an LVS configuration (docs/contract/rendering.md, 8.1 to 8.3); pure. */
import { expandCodes } from "../document/expand-codes.ts";
import { type FoundPool, isEnabled, isGone } from "../document/pools.ts";
import type { HealthMonitor, Listener, Member, Pool } from "../document/types.ts";
import { printable, printableAddress } from "./printable.ts";

const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ["LEAST_CONNECTIONS", "lc"],
  ["SOURCE_IP", "sh"],
]);
const DEFAULT_ALGORITHM = "wrr";
const DEFAULT_PERSISTENCE_SECONDS = 360;

/** @throws DocumentError when a value cannot be printed */
export function lvsPoolView({ pool, path }: FoundPool, listener: Listener, basePath: string) {
  const { healthmonitor } = pool;
  const isMonitored = healthmonitor && !isGone(healthmonitor) && isEnabled(healthmonitor);
  const check = isMonitored ? checkView(healthmonitor, `${path}.healthmonitor`, basePath) : undefined;
  const limit = listener.connection_limit ?? 0;
  return {
    path,
    poolId: pool.pool_id,
    isPoolEnabled: isEnabled(pool),
    algorithm: ALGORITHMS.get(pool.lb_algorithm ?? "") ?? DEFAULT_ALGORITHM,
    persistence: persistenceView(pool, path),
    monitor: isMonitored ? monitorView(healthmonitor, `${path}.healthmonitor`) : undefined,
    members: (isEnabled(pool) ? (pool.members ?? []) : []).flatMap((member, index) =>
      isGone(member) ? [] : [memberView(member, `${path}.members[${index}]`, { check, limit })],
    ),
  };
}

function monitorView({ healthmonitor_id, delay, max_retries_down }: HealthMonitor, path: string) {
  return { path, id: healthmonitor_id, delay, retries: max_retries_down };
}

/** Without a granularity, that of the family counts. */
function persistenceView({ session_persistence }: Pool, path: string) {
  if (session_persistence?.type !== "SOURCE_IP") return undefined;
  const { persistence_timeout, persistence_granularity } = session_persistence;
  return {
    path: `${path}.session_persistence`,
    timeout: persistence_timeout || DEFAULT_PERSISTENCE_SECONDS,
    ...(persistence_granularity && {
      granularity: printable(persistence_granularity, `${path}.session_persistence.persistence_granularity`),
    }),
  };
}

type CheckView = ReturnType<typeof checkView>;

function memberView(
  member: Member,
  path: string,
  { check, limit }: { check: CheckView | undefined; limit: number },
) {
  const { address, family } = printableAddress(member.address, `${path}.address`);
  return {
    path,
    memberId: member.member_id,
    family,
    isEnabled: isEnabled(member),
    address,
    port: member.protocol_port,
    weight: member.weight ?? 1,
    limit: limit > 0 ? limit : undefined,
    check: check && {
      ...check,
      address: member.monitor_address
        ? printableAddress(member.monitor_address, `${path}.monitor_address`).address
        : address,
      port: member.monitor_port || member.protocol_port,
    },
  };
}

/** How members are checked: at most one of `udp`, `sctp`, `http` and `tcp`, none with a type that LVS does not know. */
function checkView(monitor: HealthMonitor, path: string, basePath: string) {
  const { type, timeout } = monitor;
  return {
    path,
    timeout,
    udp: type === "UDP-CONNECT" ? { script: `${basePath}/lvs/check/udp_check.sh` } : undefined,
    sctp: type === "SCTP" ? { timeLimit: timeout + 1 } : undefined,
    http: type === "HTTP" && monitor.http_method === "GET" ? httpView(monitor, path) : undefined,
    tcp: type === "TCP",
  };
}

/** One request for each expected code: any of them will do. */
function httpView({ url_path, expected_codes }: HealthMonitor, path: string) {
  const urlPath = printable(url_path ?? "None", `${path}.url_path`);
  const codesPath = `${path}.expected_codes`;
  return {
    urls: expandCodes(expected_codes ?? "", codesPath).map((code) => ({
      path: codesPath,
      urlPath,
      code: printable(code, codesPath),
    })),
  };
}
