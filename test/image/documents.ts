/** What a controller sends for one load balancer, SINGLE topology. */
import { renderDocument } from "../../agent/render/documents.ts";

export const LOAD_BALANCER = "b2f2bb42-9d1f-4c5c-9d7a-0f1f9f0c6a22";
export const HTTP_LISTENER = "71012cc1-3a6c-4edc-bc23-bf857b818226";
export const TLS_LISTENER = "71012cc1-3a6c-4edc-bc23-bf857b818227";
export const UDP_LISTENER = "a8306d6b-f12a-4d22-8f46-27901f220581";
export const CERTIFICATES = `/var/lib/octavia/certs/${LOAD_BALANCER}`;
const POOL = "5f0f6b2c-7a35-4c5b-b7e4-61b61e1f4a01";
const PROJECT = "e3cd678b11784734bc366148aa37580e";

export interface Site {
  readonly amphoraId: string;
  readonly vip: string;
  readonly vrrpIp: string;
  readonly member: { readonly address: string; readonly port: number };
}

function common({ amphoraId, vrrpIp }: Site) {
  return {
    format: "octavia-amphora-rendering",
    format_version: 1,
    topology: "SINGLE",
    amphorae: [
      {
        id: amphoraId,
        status: "ALLOCATED",
        role: "STANDALONE",
        lb_network_ip: "10.0.0.15",
        vrrp_ip: vrrpIp,
        vrrp_interface: "eth1",
        vrrp_id: 1,
      },
    ],
  } as const;
}

function pool(site: Site, protocol: "HTTP" | "UDP") {
  return {
    pool_id: POOL,
    protocol,
    lb_algorithm: "ROUND_ROBIN",
    members: [
      {
        member_id: "f442bf43-5e43-4199-842d-9a9b0d69de10",
        address: site.member.address,
        protocol_port: site.member.port,
      },
    ],
  } as const;
}

/** @param withTls - with a second listener, that terminates TLS */
export function haproxyConfig(site: Site, { withTls }: { withTls: boolean }): Promise<string> {
  const http = {
    listener_id: HTTP_LISTENER,
    protocol: "HTTP",
    protocol_port: 80,
    connection_limit: 1_000,
    default_pool_id: POOL,
  } as const;
  const tls = {
    ...http,
    listener_id: TLS_LISTENER,
    protocol: "TERMINATED_HTTPS",
    protocol_port: 443,
  } as const;
  return renderDocument({
    ...common(site),
    kind: "haproxy",
    amphora_id: site.amphoraId,
    haproxy: { version: "2.6" },
    ...(withTls && {
      certificates: { listeners: { [TLS_LISTENER]: { crt_list: `${CERTIFICATES}/${TLS_LISTENER}.pem` } } },
    }),
    loadbalancer: {
      loadbalancer_id: LOAD_BALANCER,
      project_id: PROJECT,
      vip_address: site.vip,
      listeners: withTls ? [http, tls] : [http],
      pools: [pool(site, "HTTP")],
    },
  });
}

export function udpConfig(site: Site): Promise<string> {
  return renderDocument({
    ...common(site),
    kind: "keepalived-lvs",
    listener_id: UDP_LISTENER,
    loadbalancer: {
      loadbalancer_id: LOAD_BALANCER,
      project_id: PROJECT,
      vip_address: site.vip,
      listeners: [
        {
          listener_id: UDP_LISTENER,
          protocol: "UDP",
          protocol_port: 5_000,
          connection_limit: -1,
          default_pool_id: POOL,
        },
      ],
      pools: [pool(site, "UDP")],
    },
  });
}
