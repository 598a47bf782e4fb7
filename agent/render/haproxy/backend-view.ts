/** A backend: one pool for one listener (docs/contract/rendering.md, section 6); pure. */
import type { Context } from "./context.ts";
import { insertedHeadersView } from "./headers-view.ts";
import {
  backendName,
  connectionLimit,
  modeOf,
  type ServedListener,
  type ServedPool,
  timeoutOf,
} from "./listeners.ts";
import { monitorView } from "./monitor-view.ts";
import { persistenceView } from "./persistence-view.ts";
import { serverViews } from "./server-view.ts";

const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ["LEAST_CONNECTIONS", "leastconn"],
  ["SOURCE_IP", "source"],
]);
const DEFAULT_ALGORITHM = "roundrobin";

/** @throws DocumentError when the status codes that its monitor expects are none */
export function backendView(served: ServedListener, servedPool: ServedPool, context: Context) {
  const { pool, path } = servedPool;
  const { settings, features } = context;
  const mode = backendMode(served, servedPool);
  return {
    path,
    name: backendName(pool, served.listener),
    mode,
    reusesConnections: features.http_reuse && mode === "http",
    algorithm: ALGORITHMS.get(pool.lb_algorithm ?? "") ?? DEFAULT_ALGORITHM,
    persistence: persistenceView(servedPool, context),
    monitor: monitorView(servedPool, context),
    headers: insertedHeadersView(served, servedPool),
    connectionLimit: connectionLimit(served, settings),
    connectTimeout: timeoutOf(served, "timeout_member_connect", settings),
    serverTimeout: timeoutOf(served, "timeout_member_data", settings),
    servers: serverViews(served, servedPool, context),
  };
}

/** Pools that speak the PROXY protocol carry whatever their listener does. */
function backendMode(served: ServedListener, { protocol }: ServedPool): "http" | "tcp" {
  if (protocol === "PROXY" || protocol === "PROXYV2") return modeOf(served.protocol);
  return protocol === "HTTP" ? "http" : "tcp";
}
