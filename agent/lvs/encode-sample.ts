/** An LVS listener and its pool in the heartbeat's words (docs/contract/heartbeat.md, 5.3 and 5.4). */
import { AgentError } from "../errors.ts";
import type { ListenerSample, PoolSample } from "../loadbalancer/types.ts";
import type { Endpoint } from "./parse-endpoint.ts";
import type { KernelState, RealServer } from "./parse-kernel.ts";
import type { LvsListener, LvsMember, LvsPool } from "./parse-listener.ts";

type Count = number | bigint;

/** @param kernel - undefined when it was not asked: no listener had an address */
export function encodeListener(
  id: string,
  { services }: LvsListener,
  kernel: KernelState | undefined,
): ListenerSample {
  const present = services.filter((service) => kernel?.servers.has(service) && kernel.counters.has(service));
  const counters = present.map((service) => kernel?.counters.get(service));
  const servers = present.flatMap((service) => [...(kernel?.servers.get(service)?.values() ?? [])]);
  return {
    id,
    status: "OPEN",
    currentConnections: sum(servers.map((server) => server.activeConnections)),
    counters: {
      bin: sum(counters.map((counter) => counter?.bytesIn)),
      bout: sum(counters.map((counter) => counter?.bytesOut)),
      ereq: 0,
      stot: sum(counters.map((counter) => counter?.connections)),
    },
  };
}

/**
 * @param restarting - whether keepalived has not seen this configuration yet; undefined when that is not known
 * @returns undefined for a listener that has no address or no pool
 * @throws AgentError `unavailable` when a status depends on what is not known
 */
export function encodePool(
  { services, pool }: LvsListener,
  kernel: KernelState | undefined,
  restarting: boolean | undefined,
): PoolSample | undefined {
  if (pool === undefined || services.length === 0) return undefined;
  if (pool.members.length === 0) return { key: pool.id, status: "UP", members: {} };
  if (restarting === undefined) {
    throw new AgentError("unavailable", `keepalived does not check the members of pool ${pool.id} yet`);
  }
  const servers = new Map(services.flatMap((service) => [...(kernel?.servers.get(service) ?? [])]));
  const absent = restarting ? "RESTARTING" : "DOWN";
  const statusOf = servers.size > 0 ? whenServing(pool, servers, absent) : whenIdle(pool, absent);
  return {
    key: pool.id,
    status: servers.size === 0 && pool.monitored ? "DOWN" : "UP",
    members: Object.fromEntries(
      pool.members.map((member) => [member.id, member.disabled ? "MAINT" : statusOf(member)]),
    ),
  };
}

function whenServing(
  { monitored }: LvsPool,
  servers: ReadonlyMap<Endpoint, RealServer>,
  absent: string,
): (member: LvsMember) => string {
  return ({ server }) => {
    const weight = servers.get(server ?? "")?.weight;
    if (weight === undefined) return absent;
    if (weight === 0) return "DRAIN";
    return monitored ? "UP" : "no check";
  };
}

/** The kernel serves none of them: without checks nobody knows why. */
function whenIdle({ monitored }: LvsPool, absent: string): () => string {
  return () => (monitored ? absent : "no check");
}

/** Exact at every size. */
function sum(counts: readonly (Count | undefined)[]): Count {
  const rounded = counts.reduce<number>((total, count) => total + Number(count ?? 0), 0);
  if (Number.isSafeInteger(rounded)) return rounded;
  return counts.reduce<bigint>((total, count) => total + BigInt(count ?? 0), 0n);
}
