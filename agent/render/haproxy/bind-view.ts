/** What a listener listens on (docs/contract/rendering.md, 5.1); pure. */
import type { Listener } from "../document/types.ts";
import { type Context, listenerFiles } from "./context.ts";
import { isTlsListener, type ServedListener } from "./listeners.ts";
import { alpnView, ciphersView, refusedVersions } from "./tls-options.ts";

const VERIFY = { NONE: "none", OPTIONAL: "optional", MANDATORY: "required" } as const;

/** One for each VIP, all with the same options. */
export function bindViews(served: ServedListener, context: Context) {
  const { loadBalancer } = context;
  const tls = tlsView(served, context);
  const bind = (path: string, address: string) => ({
    path,
    address,
    port: served.listener.protocol_port,
    tls,
  });
  return [
    bind("$.loadbalancer.vip_address", loadBalancer.vip_address),
    ...(loadBalancer.additional_vips ?? []).map(({ ip_address }, index) =>
      bind(`$.loadbalancer.additional_vips[${index}]`, ip_address),
    ),
  ];
}

/** Files count whatever the protocol is; the rest is for listeners that speak TLS. */
function tlsView({ listener, protocol }: ServedListener, { certificates, settings }: Context) {
  const { crt_list, client_ca, client_crl } = listenerFiles(certificates, listener.listener_id);
  const negotiated: Partial<Listener> = isTlsListener(protocol) ? listener : {};
  return {
    crtList: crt_list,
    clientCa: client_ca,
    clientVerify: VERIFY[listener.client_authentication ?? "NONE"],
    clientCrl: client_ca ? client_crl : undefined,
    ciphers: ciphersView(negotiated, settings.default_listener_ciphers),
    refusedVersions: refusedVersions(negotiated),
    alpn: alpnView(negotiated),
  };
}
