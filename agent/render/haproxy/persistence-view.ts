/** Session persistence of a backend (docs/contract/rendering.md, 6.3); pure. */
import type { Context } from "./context.ts";
import type { ServedPool } from "./listeners.ts";

export function persistenceView({ pool, path }: ServedPool, { settings, peers }: Context) {
  const { session_persistence: persistence } = pool;
  if (!persistence) return undefined;
  return {
    path: `${path}.session_persistence`,
    bySource: persistence.type === "SOURCE_IP",
    byApplicationCookie: persistence.type === "APP_COOKIE",
    cookieName: persistence.cookie_name,
    tableSize: settings.haproxy_stick_size,
    peers,
  };
}
