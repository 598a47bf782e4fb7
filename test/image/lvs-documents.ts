/** What a controller sends for UDP and SCTP listeners. */
import { renderDocument } from "../../agent/render/documents.ts";
import { LOAD_BALANCER } from "./documents.ts";

const PROJECT = "e3cd678b11784734bc366148aa37580e";

export interface LvsMember {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly weight?: number;
  readonly enabled?: boolean;
}

/** An amphora, and the addresses that its load balancer is reached at. */
export interface LvsSite {
  readonly amphoraId: string;
  readonly vip: string;
  readonly vip6?: string;
  readonly vrrpIp: string;
}

export interface LvsSpec {
  readonly listenerId: string;
  readonly poolId: string;
  readonly protocol: "UDP" | "SCTP";
  readonly port: number;
  readonly members: readonly LvsMember[];
  /** Seconds; one failed check is enough. */
  readonly monitor?: {
    readonly type: "UDP-CONNECT" | "SCTP";
    readonly delay: number;
    readonly timeout: number;
  };
  /** Seconds that a client's address stays with its member. */
  readonly persistence?: number;
}

/** An id with a number that tells it from others of its kind. */
export function idOf(kind: string, number: number): string {
  return `${kind.padEnd(8, "0")}-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

export function lvsConfig(site: LvsSite, spec: LvsSpec): Promise<string> {
  const { monitor, persistence } = spec;
  return renderDocument({
    format: "octavia-amphora-rendering",
    format_version: 1,
    kind: "keepalived-lvs",
    topology: "SINGLE",
    listener_id: spec.listenerId,
    amphorae: [
      {
        id: site.amphoraId,
        status: "ALLOCATED",
        vrrp_ip: site.vrrpIp,
        vrrp_interface: "eth1",
        vrrp_id: 1,
      },
    ],
    loadbalancer: {
      loadbalancer_id: LOAD_BALANCER,
      project_id: PROJECT,
      vip_address: site.vip,
      ...(site.vip6 !== undefined && { additional_vips: [{ ip_address: site.vip6 }] }),
      listeners: [
        {
          listener_id: spec.listenerId,
          protocol: spec.protocol,
          protocol_port: spec.port,
          connection_limit: -1,
          default_pool_id: spec.poolId,
        },
      ],
      pools: [
        {
          pool_id: spec.poolId,
          protocol: spec.protocol,
          lb_algorithm: "ROUND_ROBIN",
          members: spec.members.map((member) => ({
            member_id: member.id,
            address: member.address,
            protocol_port: member.port,
            weight: member.weight ?? 1,
            admin_state_up: member.enabled ?? true,
          })),
          ...(monitor && {
            healthmonitor: {
              healthmonitor_id: "aaaaaaaa-0000-4000-8000-000000000001",
              type: monitor.type,
              delay: monitor.delay,
              timeout: monitor.timeout,
              max_retries: 1,
              max_retries_down: 1,
            },
          }),
          ...(persistence && {
            session_persistence: { type: "SOURCE_IP", persistence_timeout: persistence },
          }),
        },
      ],
    },
  });
}
