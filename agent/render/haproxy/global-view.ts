/** The global part of haproxy.cfg (docs/contract/rendering.md, section 4); pure. */
import { isEnabled } from "../document/pools.ts";
import type { Haproxy, Host, RenderingDocument } from "../document/types.ts";
import { splitAtBlanks } from "../text.ts";
import type { Context } from "./context.ts";
import { connectionLimit, type ServedListener } from "./listeners.ts";
import { isLive } from "./monitor-view.ts";
import type { HaproxySettings } from "./settings.ts";

const DEFAULT_LOG_TARGET = "/run/rsyslog/octavia/log";
const MOST_CONNECTIONS = 1_000_000;
/** Kilobytes that a connection needs. */
const CONNECTION_KB = 32;
/** Kilobytes; with less there is no point in a session cache. */
const LEAST_CACHE_KB = 5_000;
const CACHE_ENTRIES_PER_KB = 4;

/** Profile of TuneD that keeps the first processor for everything but HAProxy. */
const PINNING_PROFILE = "amphora";

export function globalView(
  document: RenderingDocument,
  context: Context,
  listeners: readonly ServedListener[],
) {
  const { loadBalancer, settings, features } = context;
  const { loadbalancer_id } = loadBalancer;
  const limit = globalConnectionLimit(listeners, settings);
  return {
    path: "$.loadbalancer",
    loadBalancerId: loadbalancer_id,
    ...logTargets(document.haproxy ?? {}, settings),
    statsSocket: document.haproxy?.stats_socket ?? `${settings.base_path}/${loadbalancer_id}.sock`,
    serverStateFile: features.server_state_file && `${settings.base_path}/${loadbalancer_id}/servers-state`,
    connectionLimit: limit,
    tlsSessionCache: listeners.some(({ protocol }) => protocol === "TERMINATED_HTTPS")
      ? tlsSessionCache(document.host ?? {}, limit)
      : undefined,
    cpuPinning: cpuPinning(document.host ?? {}),
    externalChecks: externalChecks(listeners, features.insecure_fork),
  };
}

/** An empty target is none. */
function logTargets({ log_http, log_server }: Haproxy, settings: HaproxySettings) {
  return {
    userLog: { target: log_http || DEFAULT_LOG_TARGET, facility: settings.user_log_facility },
    administrativeLog: {
      target: log_server || DEFAULT_LOG_TARGET,
      facility: settings.administrative_log_facility,
    },
  };
}

function globalConnectionLimit(listeners: readonly ServedListener[], settings: HaproxySettings): number {
  const sum = listeners
    .filter(({ listener }) => isEnabled(listener))
    .reduce((total, listener) => total + connectionLimit(listener, settings).value, 0);
  return sum > 0 && sum < MOST_CONNECTIONS ? sum : MOST_CONNECTIONS;
}

/** Two fifths of the memory that connections leave are for TLS sessions. */
function tlsSessionCache({ memory }: Host, limit: number) {
  if (memory?.free == null || memory.buffers == null || memory.cached == null) return undefined;
  const free = memory.free + memory.buffers + memory.cached - CONNECTION_KB * limit;
  const kilobytes = Math.floor((free * 2) / 5);
  if (kilobytes <= LEAST_CACHE_KB) return undefined;
  return { path: "$.host.memory", entries: kilobytes * CACHE_ENTRIES_PER_KB };
}

function cpuPinning({ active_tuned_profiles, cpu_count }: Host) {
  const isTuned = splitAtBlanks(active_tuned_profiles ?? "").includes(PINNING_PROFILE);
  return isTuned && cpu_count != null && cpu_count > 1
    ? { path: "$.host.cpu_count", threads: cpu_count - 1 }
    : undefined;
}

/** PING monitors run a program. */
function externalChecks(listeners: readonly ServedListener[], needFork: boolean) {
  const pinged = listeners
    .filter(({ listener }) => isEnabled(listener))
    .flatMap(({ pools }) => pools)
    .find(({ pool }) => isEnabled(pool) && isLive(pool.healthmonitor) && pool.healthmonitor.type === "PING");
  return pinged && { path: `${pinged.path}.healthmonitor`, needFork };
}
