/** The health monitor of a backend (docs/contract/rendering.md, 6.4); pure. */
import { expandCodes } from "../document/expand-codes.ts";
import { isEnabled, isGone } from "../document/pools.ts";
import type { HealthMonitor } from "../document/types.ts";
import type { Context } from "./context.ts";
import type { ServedPool } from "./listeners.ts";

/** Whether a pool is monitored. */
export function isLive(monitor: HealthMonitor | null | undefined): monitor is HealthMonitor {
  return monitor != null && !isGone(monitor) && isEnabled(monitor);
}

/** @throws DocumentError when the expected codes of a monitor are none, be it disabled or of a type without codes */
export function monitorView({ pool, path: poolPath }: ServedPool, { features }: Context) {
  const { healthmonitor: monitor } = pool;
  if (!monitor || isGone(monitor)) return undefined;
  const path = `${poolPath}.healthmonitor`;
  const http = httpCheckView(monitor, path);
  if (!isLive(monitor)) return undefined;
  return {
    path,
    loadsServerState: features.server_state_file,
    timeout: monitor.timeout,
    http: monitor.type === "HTTP" || monitor.type === "HTTPS" ? http : undefined,
    ping: monitor.type === "PING",
  };
}

function httpCheckView(monitor: HealthMonitor, path: string) {
  const { http_method, url_path, http_version, domain_name, expected_codes } = monitor;
  return {
    path,
    method: http_method ?? "None",
    urlPath: url_path ?? "None",
    // A JSON parser reads 1.0 as 1.
    version: http_version?.toFixed(1),
    host: http_version === 1.1 ? domain_name : undefined,
    codes: expected_codes ? expandCodes(expected_codes, `${path}.expected_codes`).join("|") : "None",
  };
}
