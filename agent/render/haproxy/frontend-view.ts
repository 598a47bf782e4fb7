/** A frontend (docs/contract/rendering.md, section 5); pure. */
import { defaultPool, isEnabled } from "../document/pools.ts";
import type { Listener } from "../document/types.ts";
import { bindViews } from "./bind-view.ts";
import type { Context } from "./context.ts";
import { l7PolicyViews } from "./l7-view.ts";
import { backendName, connectionLimit, modeOf, type ServedListener, timeoutOf } from "./listeners.ts";
import { encodeLogFormat } from "./log-format.ts";

export function frontendView(served: ServedListener, context: Context) {
  const { listener, path, protocol } = served;
  const { settings, features, pools } = context;
  const isTerminating = protocol === "TERMINATED_HTTPS";
  const pool = defaultPool(listener, pools);
  const inspectDelay = timeoutOf(served, "timeout_tcp_inspect", settings);
  return {
    path,
    id: listener.listener_id,
    connectionLimit: connectionLimit(served, settings),
    redirectsToHttps: isTerminating,
    hsts: isTerminating ? hstsView(listener, path) : undefined,
    binds: bindViews(served, context),
    mode: modeOf(protocol),
    policies: l7PolicyViews(served, pools),
    defaultBackend:
      pool && isEnabled(pool.pool) ? { path: pool.path, name: backendName(pool.pool, listener) } : undefined,
    clientTimeout: timeoutOf(served, "timeout_client_data", settings),
    inspectDelay: inspectDelay.value === 0 ? undefined : inspectDelay,
    servesMetrics: protocol === "PROMETHEUS" && features.prometheus,
    log: settings.connection_logging
      ? {
          path: "$.settings.user_log_format",
          format: encodeLogFormat(settings.user_log_format, context.loadBalancer, protocol),
        }
      : undefined,
  };
}

/** An age of zero counts: it ends an earlier one in the browsers. */
function hstsView({ hsts_max_age, hsts_include_subdomains, hsts_preload }: Listener, path: string) {
  if (hsts_max_age == null) return undefined;
  return {
    path: `${path}.hsts_max_age`,
    maxAge: hsts_max_age,
    includeSubdomains: hsts_include_subdomains ?? false,
    preload: hsts_preload ?? false,
  };
}
