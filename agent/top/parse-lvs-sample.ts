/** What the kernel serves of UDP and SCTP listeners, as samples: flows stand for requests. */
import { showEndpoint } from "../lvs/parse-endpoint.ts";
import { parseCounters, parseServers, parseServerTotals } from "../lvs/parse-kernel.ts";
import type { LvsListener } from "../lvs/parse-listener.ts";
import type { ListenerSample, MemberSample } from "./types.ts";

export interface LvsConfig {
  readonly id: string;
  readonly listener: LvsListener;
}

/**
 * @param table - content of `/proc/net/ip_vs`
 * @param statistics - what `ipvsadm -Ln --stats --exact` prints
 * @throws AgentError `unavailable` for figures that cannot be read
 */
export function parseLvsSample(
  configs: readonly LvsConfig[],
  table: string,
  statistics: string,
): { readonly listeners: readonly ListenerSample[]; readonly members: readonly MemberSample[] } {
  const servers = parseServers(table);
  const counters = parseCounters(statistics);
  const totals = parseServerTotals(statistics);
  const listeners = configs.map(({ id, listener: { services, disabled } }): ListenerSample => {
    const flows = services.flatMap((service) => [...(servers.get(service)?.values() ?? [])]);
    return {
      id,
      state: disabled ? "STOP" : services.some((service) => servers.has(service)) ? "OPEN" : "DOWN",
      connections: sum(flows.map((one) => one.activeConnections + one.inactiveConnections)),
      requests: sum(services.map((service) => Number(counters.get(service)?.connections ?? 0))),
      errors: 0,
    };
  });
  const members = configs.flatMap(({ id, listener: { services, pool } }) =>
    (pool?.members ?? []).map((member): MemberSample => {
      const places =
        member.server === undefined ? [] : services.map((service) => ({ service, at: member.server ?? "" }));
      const found = places.flatMap(({ service, at }) => servers.get(service)?.get(at) ?? []);
      return {
        key: `${id} ${member.id}`,
        id: member.id,
        pool: pool?.id ?? "",
        address: member.server === undefined ? "" : showEndpoint(member.server),
        state: stateOf(
          member.disabled,
          found.map(({ weight }) => weight),
        ),
        connections: sum(found.map((one) => one.activeConnections + one.inactiveConnections)),
        queue: 0,
        requests: sum(places.map(({ service, at }) => Number(totals.get(service)?.get(at) ?? 0))),
        errors: 0,
        latencyMs: 0,
      };
    }),
  );
  return { listeners, members };
}

/** keepalived takes a member that fails its check out of the kernel (docs/contract/heartbeat.md, 5.4). */
function stateOf(disabled: boolean, weights: readonly number[]): string {
  if (disabled) return "MAINT";
  if (weights.length === 0) return "DOWN";
  return weights.every((weight) => weight === 0) ? "DRAIN" : "UP";
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
