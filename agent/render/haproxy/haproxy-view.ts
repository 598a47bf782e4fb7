/** What `templates/haproxy/` prints, from a rendering document (docs/contract/rendering.md, sections 4 to 6); pure. */
import { isEnabled } from "../document/pools.ts";
import type { RenderingDocument } from "../document/types.ts";
import { backendView } from "./backend-view.ts";
import { type Context, contextOf } from "./context.ts";
import { frontendView } from "./frontend-view.ts";
import { globalView } from "./global-view.ts";
import { type ServedListener, servedListeners } from "./listeners.ts";
import { peersView } from "./peers-view.ts";

/**
 * @param document - of kind `haproxy`
 * @throws DocumentError when a listener leads to a pool that HAProxy cannot serve, or expects status codes that are none
 */
export function haproxyView(document: RenderingDocument) {
  const context = contextOf(document);
  const listeners = servedListeners(context);
  const { loadBalancer, settings, features, peers } = context;
  // What is disabled is not printed, but what is wrong in it is refused all the same.
  const proxies = listeners.map((listener) => proxyView(listener, context));
  const exporter = listeners.find(({ protocol }) => protocol === "PROMETHEUS");
  return {
    global: globalView(document, context, listeners),
    defaults: { path: "$.settings.connection_logging", hasConnectionLog: settings.connection_logging },
    peers: peers === undefined ? undefined : peersView(peers, document.amphorae ?? []),
    exporter: exporter && features.prometheus ? { path: exporter.path } : undefined,
    proxies: isEnabled(loadBalancer) ? proxies.filter((proxy) => proxy.isEnabled) : [],
  };
}

function proxyView(served: ServedListener, context: Context) {
  return {
    isEnabled: isEnabled(served.listener),
    frontend: frontendView(served, context),
    backends: served.pools
      .map((pool) => ({ pool, view: backendView(served, pool, context) }))
      .flatMap(({ pool: { pool }, view }) => (isEnabled(pool) ? [view] : [])),
  };
}
