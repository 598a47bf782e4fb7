/** The load balancer of the story, as a rendering document has it and as heartbeats show it. */
import type { HealthMonitor, LoadBalancer, Pool } from "../render/document/types.ts";
import type { Heartbeat } from "./health-parse.ts";
import {
  BACKENDS,
  type Backend,
  LISTENER_ID,
  LISTENER_PORT,
  LOAD_BALANCER_ID,
  POOL_ID,
  PROJECT_ID,
  VIP_NETWORK,
} from "./scene.ts";

/** Few enough for the file descriptors that an ordinary user gets: HAProxy needs two for each connection. */
const CONNECTION_LIMIT = 1000;
/** Two misses make a member DOWN, two hits UP: quick, and not upset by one slow answer. */
const MONITOR: HealthMonitor = {
  healthmonitor_id: "b3e5c4f1-1b6e-4a3c-9e0e-5d2f0c7a8b11",
  type: "HTTP",
  delay: 1,
  timeout: 1,
  max_retries: 2,
  max_retries_down: 2,
  http_method: "GET",
  url_path: "/health",
  expected_codes: "200",
};

/** One HTTP listener on every VIP, with a pool or without. */
export function loadBalancer(wanted: { pool?: Pool; clientTimeoutMs?: number }): LoadBalancer {
  const { pool, clientTimeoutMs } = wanted;
  return {
    loadbalancer_id: LOAD_BALANCER_ID,
    project_id: PROJECT_ID,
    vip_address: VIP_NETWORK.v4.vip,
    additional_vips: [{ ip_address: VIP_NETWORK.v6.vip }],
    pools: pool === undefined ? [] : [pool],
    listeners: [
      {
        listener_id: LISTENER_ID,
        protocol: "HTTP",
        protocol_port: LISTENER_PORT,
        connection_limit: CONNECTION_LIMIT,
        default_pool_id: pool?.pool_id,
        timeout_client_data: clientTimeoutMs,
      },
    ],
  };
}

/** @param wanted - members: both backends unless given; weights: 1 each unless given */
export function pool(wanted: { members?: readonly Backend[]; weights?: readonly number[] } = {}): Pool {
  const { members = BACKENDS, weights = [] } = wanted;
  return {
    pool_id: POOL_ID,
    protocol: "HTTP",
    lb_algorithm: "ROUND_ROBIN",
    healthmonitor: MONITOR,
    members: members.map(({ memberId, address, port }, index) => ({
      member_id: memberId,
      address,
      protocol_port: port,
      weight: weights[index] ?? 1,
    })),
  };
}

/** Status of a member in the pool, as on the wire; undefined when the heartbeat does not name it. */
export function memberStatus(heartbeat: Heartbeat | undefined, memberId: string): string | undefined {
  return heartbeat?.pools.get(`${POOL_ID}:${LISTENER_ID}`)?.members.get(memberId);
}
