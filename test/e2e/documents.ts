/** What a controller sends to the two amphorae of one load balancer, as rendering documents. */
import { renderDocument } from "../../agent/render/documents.ts";

export const LOAD_BALANCER = "b2f2bb42-9d1f-4c5c-9d7a-0f1f9f0c6a22";
const PROJECT = "e3cd678b11784734bc366148aa37580e";
const PAIR = { format: "octavia-amphora-rendering", format_version: 1, topology: "ACTIVE_STANDBY" } as const;
/** In seconds: of advertisements, and of looks at HAProxy, two of which have to fail or to succeed. */
export const TIMERS = { advertisement: 1, check: 1, checks: 2 } as const;

/** One of the two, as the controller's database has it. */
export interface AmphoraRecord {
  readonly id: string;
  readonly role: "MASTER" | "BACKUP";
  readonly lb_network_ip: string;
  readonly vrrp_ip: string;
  readonly vrrp_priority: number;
}

export interface Site {
  readonly vip: string;
  readonly cidr: string;
  readonly gateway: string;
  readonly members: readonly { readonly address: string; readonly port: number }[];
  readonly amphorae: readonly AmphoraRecord[];
}

/** Ports of the VIP. */
export const SOURCE_PORT = 80;
export const COOKIE_PORT = 81;
export const COOKIE = "SESSION";

/** One listener whose clients stay with their member by address, one by the application's cookie. */
export function haproxyConfig(site: Site, amphoraId: string): Promise<string> {
  const pools = [
    { id: "5f0f6b2c-7a35-4c5b-b7e4-61b61e1f4a01", persistence: { type: "SOURCE_IP" } as const },
    {
      id: "5f0f6b2c-7a35-4c5b-b7e4-61b61e1f4a02",
      persistence: { type: "APP_COOKIE", cookie_name: COOKIE } as const,
    },
  ];
  const listenerIds = ["71012cc1-3a6c-4edc-bc23-bf857b818226", "71012cc1-3a6c-4edc-bc23-bf857b818227"];
  return renderDocument({
    ...PAIR,
    kind: "haproxy",
    amphora_id: amphoraId,
    amphorae: site.amphorae.map(allocated),
    haproxy: { version: "2.6" },
    loadbalancer: {
      loadbalancer_id: LOAD_BALANCER,
      project_id: PROJECT,
      vip_address: site.vip,
      listeners: pools.map(({ id }, index) => ({
        listener_id: listenerIds[index] ?? id,
        protocol: "HTTP",
        protocol_port: SOURCE_PORT + index,
        connection_limit: 1_000,
        default_pool_id: id,
      })),
      pools: pools.map(({ id, persistence }) => ({
        pool_id: id,
        protocol: "HTTP",
        lb_algorithm: "ROUND_ROBIN",
        session_persistence: persistence,
        members: site.members.map(({ address, port }, index) => ({
          member_id: `f442bf43-5e43-4199-842d-9a9b0d69de1${index}`,
          address,
          protocol_port: port,
        })),
      })),
    },
  });
}

export function vrrpConfig(site: Site, amphoraId: string): Promise<string> {
  return renderDocument({
    ...PAIR,
    kind: "keepalived-vrrp",
    amphora_id: amphoraId,
    amphorae: site.amphorae.map(allocated),
    vrrp: {
      group: {
        vrrp_group_name: LOAD_BALANCER.replaceAll("-", ""),
        vrrp_auth_type: "PASS",
        vrrp_auth_pass: "7a3f9c1",
        advert_int: TIMERS.advertisement,
      },
      vip_subnet: { cidr: site.cidr, gateway_ip: site.gateway, host_routes: [] },
      additional_vip_data: [],
    },
    settings: {
      vrrp_check_interval: TIMERS.check,
      vrrp_fail_count: TIMERS.checks,
      vrrp_success_count: TIMERS.checks,
    },
    loadbalancer: { loadbalancer_id: LOAD_BALANCER, project_id: PROJECT, vip_address: site.vip },
  });
}

function allocated(amphora: AmphoraRecord) {
  return { ...amphora, status: "ALLOCATED", vrrp_interface: "eth1", vrrp_id: 1 } as const;
}
