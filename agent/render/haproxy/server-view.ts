/** The members of a backend (docs/contract/rendering.md, 6.6); pure. */
import { isEnabled, isGone } from "../document/pools.ts";
import type { Member, Pool } from "../document/types.ts";
import { type Context, poolFiles } from "./context.ts";
import { isTlsListener, type ServedListener, type ServedPool } from "./listeners.ts";
import { isLive } from "./monitor-view.ts";
import { alpnView, ciphersView, refusedVersions } from "./tls-options.ts";

/** What all members of a pool have in common. */
type Common = ReturnType<typeof commonView>;

export function serverViews(served: ServedListener, { pool, path, protocol }: ServedPool, context: Context) {
  const common = commonView(pool, context);
  const proxyProtocol = proxyProtocolOf(protocol, isTlsListener(served.protocol));
  return (pool.members ?? []).flatMap((member, index) =>
    isGone(member)
      ? []
      : [{ path: `${path}.members[${index}]`, proxyProtocol, ...serverView(member, common) }],
  );
}

function serverView(member: Member, common: Common) {
  const { check } = common;
  return {
    ...common,
    id: member.member_id,
    address: member.address,
    port: member.protocol_port,
    weight: member.weight ?? 1,
    monitorAddress: check && member.monitor_address,
    monitorPort: check && member.monitor_port,
    isBackup: member.backup ?? false,
    isDisabled: !isEnabled(member),
  };
}

function commonView(pool: Pool, context: Context) {
  const { features } = context;
  const alpn = pool.tls_enabled && features.pool_alpn ? alpnView(pool) : undefined;
  return {
    check: checkView(pool, alpn),
    hasCookie: pool.session_persistence?.type === "HTTP_COOKIE",
    tls: pool.tls_enabled ? tlsView(pool, context, alpn) : undefined,
  };
}

type Alpn = ReturnType<typeof alpnView>;

function checkView({ healthmonitor: monitor }: Pool, alpn: Alpn) {
  if (!isLive(monitor)) return undefined;
  return {
    overTls: monitor.type === "HTTPS",
    alpn,
    interval: monitor.delay,
    fall: monitor.max_retries_down,
    rise: monitor.max_retries,
  };
}

/** Without a revocation list, a CA alone leaves verification to HAProxy's default. */
function tlsView(pool: Pool, { certificates, settings }: Context, alpn: Alpn) {
  const { client_cert, ca_cert, crl } = poolFiles(certificates, pool.pool_id);
  return {
    certificate: client_cert,
    ca: ca_cert,
    crl,
    ciphers: ciphersView(pool, settings.default_pool_ciphers),
    refusedVersions: refusedVersions(pool),
    alpn,
  };
}

function proxyProtocolOf(protocol: ServedPool["protocol"], isTls: boolean): string | undefined {
  if (protocol === "PROXY") return "send-proxy";
  if (protocol !== "PROXYV2") return undefined;
  return isTls ? "send-proxy-v2-ssl-cn" : "send-proxy-v2";
}
