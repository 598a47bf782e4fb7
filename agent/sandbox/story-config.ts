/** The load balancer of the story, as a configuration and as heartbeats show it. */
import type { Heartbeat } from "./health-parse.ts";
import { type PoolConfig, renderHaproxyConfig } from "./render-haproxy-config.ts";
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

/** Few enough for the file descriptors that an ordinary user gets. */
const CONNECTION_LIMIT = 1000;
/** A controller's default. */
const CLIENT_TIMEOUT_MS = 50_000;
/** Two misses make a member DOWN, two hits UP: quick, and not upset by one slow answer. */
const MONITOR = { path: "/health", delaySeconds: 1, timeoutSeconds: 1, fall: 2, rise: 2 };

/** Text of haproxy.cfg. */
export function listenerConfig(wanted: { pool?: PoolConfig; clientTimeoutMs?: number }): string {
  return renderHaproxyConfig({
    loadBalancerId: LOAD_BALANCER_ID,
    projectId: PROJECT_ID,
    listenerId: LISTENER_ID,
    addresses: [VIP_NETWORK.v4.vip, VIP_NETWORK.v6.vip],
    port: LISTENER_PORT,
    connectionLimit: CONNECTION_LIMIT,
    clientTimeoutMs: wanted.clientTimeoutMs ?? CLIENT_TIMEOUT_MS,
    pool: wanted.pool,
  });
}

/** @param wanted - members: both backends unless given; weights: 1 each unless given */
export function poolConfig(
  wanted: { members?: readonly Backend[]; weights?: readonly number[] } = {},
): PoolConfig {
  const { members = BACKENDS, weights = [] } = wanted;
  return {
    poolId: POOL_ID,
    monitor: MONITOR,
    members: members.map(({ memberId, address, port }, index) => ({
      ...{ memberId, address, port },
      weight: weights[index] ?? 1,
    })),
  };
}

/** Status of a member in the pool, as on the wire; undefined when the heartbeat does not name it. */
export function memberStatus(heartbeat: Heartbeat | undefined, memberId: string): string | undefined {
  return heartbeat?.pools.get(`${POOL_ID}:${LISTENER_ID}`)?.members.get(memberId);
}
