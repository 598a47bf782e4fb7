/** Samples of HAProxy's statistics as the message that the controller gets (docs/contract/heartbeat.md, sections 3 and 4). */
import { AgentError } from "../errors.ts";
import type { ListenerCounters, ListenerSample, LoadBalancerSample } from "../loadbalancer/types.ts";
import { stringifyExact } from "./exact-json.ts";
import { increase, reportWithLeaving, withoutGone } from "./leaving.ts";
import type { Count, CounterTable, ListenerReport, Message, PoolReport } from "./types.ts";

export interface Built {
  readonly message: Message;
  /** What to count from next time; the same object as before when no counter has changed. */
  readonly counters: CounterTable;
}

/**
 * @param samples - one for each load balancer that answered
 * @param counters - absolute counters at the last message; a listener without any reports all of its counter
 * @throws AgentError `unavailable` when a sample must not be reported
 */
export function buildMessage(
  amphoraId: string,
  sequence: number,
  samples: readonly LoadBalancerSample[],
  counters: CounterTable,
): Built {
  const defect = samples.find((sample) => sample.defect !== undefined)?.defect;
  if (defect !== undefined) throw new AgentError("unavailable", `cannot report these statistics: ${defect}`);
  const next = new Map<string, Readonly<Record<string, Count>>>();
  const listeners = new Map<string, ListenerReport>();
  const pools = new Map<string, PoolReport>();
  for (const sample of samples) {
    for (const listener of sample.listeners) {
      const last = next.get(listener.id) ?? counters.get(listener.id);
      const leaving = sample.leaving?.filter(({ id }) => id === listener.id);
      if (leaving && leaving.length > 0) {
        const { report, known } = reportWithLeaving(listener, leaving, { counters, last });
        listeners.set(listener.id, report);
        for (const [key, counts] of known) next.set(key, counts);
        continue;
      }
      listeners.set(listener.id, reportListener(listener, last));
      if (isLast(listener.counters, last)) continue;
      next.set(ownCopy(listener.id), { ...last, ...listener.counters });
    }
    for (const { key, status, members } of sample.pools) pools.set(key, { status, members });
  }
  const message: Message = {
    id: amphoraId,
    seq: sequence,
    listeners: Object.fromEntries(listeners),
    pools: Object.fromEntries(pools),
    ver: 3,
  };
  const table = next.size === 0 ? counters : new Map([...counters, ...next]);
  return { message, counters: withoutGone(table, samples) };
}

/** The message as JSON text. */
export function encodeMessage(message: Message): string {
  const isLarge = (count: Count): boolean => typeof count === "bigint";
  const needsExact = Object.values(message.listeners).some(({ stats }) => Object.values(stats).some(isLarge));
  // A replacer is called for every value, which is ten times as slow.
  return needsExact ? stringifyExact(message) : JSON.stringify(message);
}

function reportListener(
  listener: ListenerSample,
  last: Readonly<Record<string, Count>> = {},
): ListenerReport {
  const { bin, bout, ereq, stot } = listener.counters;
  return {
    status: listener.status,
    stats: {
      tx: increase(bout, last.bout),
      rx: increase(bin, last.bin),
      conns: listener.currentConnections,
      totconns: increase(stot, last.stot),
      ereq: increase(ereq, last.ereq),
    },
  };
}

function isLast(counters: ListenerCounters, last: Readonly<Record<string, Count>> | undefined): boolean {
  return (
    last !== undefined &&
    counters.bin === last.bin &&
    counters.bout === last.bout &&
    counters.ereq === last.ereq &&
    counters.stot === last.stot
  );
}

/** An id that is cut out of an answer keeps all of the answer in memory, megabytes of it, as long as it lives. */
function ownCopy(id: string): string {
  return Buffer.from(id, "utf8").toString("utf8");
}
