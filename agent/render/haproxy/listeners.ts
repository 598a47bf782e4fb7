/** Listeners that HAProxy serves, and their pools (docs/contract/rendering.md, 4.1 and 6.1); pure. */
import { defaultPool, type FoundPool, isEnabled, isGone } from "../document/pools.ts";
import { refuse } from "../document/problem.ts";
import type { Listener, ListenerProtocol, PoolProtocol } from "../document/types.ts";
import type { Context } from "./context.ts";
import type { HaproxySettings } from "./settings.ts";

export type ServedProtocol = Exclude<ListenerProtocol, "UDP" | "SCTP">;
export type ServedPoolProtocol = Exclude<PoolProtocol, "UDP" | "SCTP">;

/** A pool that HAProxy can serve. */
export interface ServedPool extends FoundPool {
  readonly protocol: ServedPoolProtocol;
}

export interface ServedListener {
  readonly path: string;
  readonly listener: Listener;
  readonly protocol: ServedProtocol;
  /** Default pool first, then those of its policies; disabled ones too. */
  readonly pools: readonly ServedPool[];
}

/**
 * Listeners of any state whose protocol is neither UDP nor SCTP.
 * @throws DocumentError when one of them leads to a UDP or SCTP pool
 */
export function servedListeners(context: Context): readonly ServedListener[] {
  return (context.loadBalancer.listeners ?? []).flatMap((listener, index) => {
    const { protocol } = listener;
    if (protocol === "UDP" || protocol === "SCTP") return [];
    const path = `$.loadbalancer.listeners[${index}]`;
    return [{ path, listener, protocol, pools: poolsOf(listener, context) }];
  });
}

/** Policies and rules that are gone count here, whatever the action. */
function poolsOf(listener: Listener, { pools }: Context): readonly ServedPool[] {
  const redirects = (listener.l7policies ?? [])
    .filter((policy) => isEnabled(policy) && (policy.rules?.length ?? 0) > 0)
    .map(({ redirect_pool_id }) => pools.get(redirect_pool_id ?? ""));
  const found = [defaultPool(listener, pools), ...redirects];
  return [...new Set(found)].flatMap((pool) => (pool && !isGone(pool.pool) ? [served(pool)] : []));
}

function served({ pool, path }: FoundPool): ServedPool {
  const { protocol } = pool;
  if (protocol === "UDP" || protocol === "SCTP")
    throw refuse(`${path}.protocol`, "a protocol that HAProxy serves, as its listener has", protocol);
  return { pool, path, protocol };
}

/** Name of the backend that serves a pool to a listener. */
export function backendName({ pool_id }: { readonly pool_id: string }, { listener_id }: Listener): string {
  return `${pool_id}:${listener_id}`;
}

/** `mode` of a frontend. */
export function modeOf(protocol: ServedProtocol): "http" | "tcp" {
  return protocol === "TCP" || protocol === "HTTPS" ? "tcp" : "http";
}

/** Whether clients may be served over TLS: cipher strings, versions and ALPN count. */
export function isTlsListener(protocol: ServedProtocol): boolean {
  return protocol === "TERMINATED_HTTPS" || protocol === "PROMETHEUS";
}

/** A number, and where in the document it is from. */
export interface SourcedNumber {
  readonly path: string;
  readonly value: number;
}

/** Zero and negative numbers mean the default (docs/contract/rendering.md, 4.1). */
export function connectionLimit(
  { listener, path }: ServedListener,
  settings: HaproxySettings,
): SourcedNumber {
  const own = listener.connection_limit ?? 0;
  return own > 0
    ? { path: `${path}.connection_limit`, value: own }
    : { path: "$.settings.default_connection_limit", value: settings.default_connection_limit };
}

type Timeout =
  | "timeout_client_data"
  | "timeout_member_connect"
  | "timeout_member_data"
  | "timeout_tcp_inspect";

/** Milliseconds; zero means the default. */
export function timeoutOf(
  { listener, path }: ServedListener,
  name: Timeout,
  settings: HaproxySettings,
): SourcedNumber {
  const own = listener[name] ?? 0;
  return own === 0
    ? { path: `$.settings.${name}`, value: settings[name] }
    : { path: `${path}.${name}`, value: own };
}
