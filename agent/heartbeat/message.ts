/** Samples of HAProxy's statistics as the message that the controller gets (docs/contract/heartbeat.md, sections 3 and 4). */
import { AgentError } from "../errors.ts";
import type { ListenerCounters, ListenerSample, LoadBalancerSample } from "../loadbalancer/types.ts";
import { ownCopy } from "../own-copy.ts";
import { stringifyExact } from "./exact-json.ts";
import { increase, reportWithLeaving, withoutGone } from "./leaving.ts";
import type { Count, CounterTable, ListenerReport, Message, PoolReport } from "./types.ts";

export interface Built {
  readonly message: Message;
  /** What to count from next time; the same object as before when no counter has changed. */
  readonly counters: CounterTable;
  /** What it was built from. */
  readonly samples: readonly LoadBalancerSample[];
}

/**
 * @param samples - one for each load balancer that answered
 * @param counters - absolute counters at the last message; a listener without any reports all of its counter
 * @param last - what became of the last message: its parts serve again as far as nothing new is to be told
 * @throws AgentError `unavailable` when a sample must not be reported
 */
export function buildMessage(
  amphoraId: string,
  sequence: number,
  samples: readonly LoadBalancerSample[],
  counters: CounterTable,
  last?: Built,
): Built {
  const defect = samples.find((sample) => sample.defect !== undefined)?.defect;
  if (defect !== undefined) throw new AgentError("unavailable", `cannot report these statistics: ${defect}`);
  const reported = stillTrue(samples, counters, last) ?? reportListeners(samples, counters);
  const pools = last && isSame("pools", samples, last.samples) ? last.message.pools : reportPools(samples);
  const message: Message = { id: amphoraId, seq: sequence, listeners: reported.listeners, pools, ver: 3 };
  return { message, counters: reported.counters, samples };
}

interface Reported {
  readonly listeners: Message["listeners"];
  readonly counters: CounterTable;
}

/** The last report, if it told of no increment and there is none now. */
function stillTrue(
  samples: readonly LoadBalancerSample[],
  counters: CounterTable,
  last: Built | undefined,
): Reported | undefined {
  const isTrue =
    last !== undefined &&
    quiet.has(last.message.listeners) &&
    last.counters === counters &&
    isSame("listeners", samples, last.samples) &&
    samples.every(({ leaving }) => leaving === undefined);
  return isTrue ? { listeners: last.message.listeners, counters } : undefined;
}

/** Reports of listeners without any increment. */
const quiet = new WeakSet<Message["listeners"]>();

function isSame(
  part: "listeners" | "pools",
  samples: readonly LoadBalancerSample[],
  last: readonly LoadBalancerSample[],
): boolean {
  return (
    samples.length === last.length && samples.every((sample, index) => sample[part] === last[index]?.[part])
  );
}

function reportListeners(samples: readonly LoadBalancerSample[], counters: CounterTable): Reported {
  const next = new Map<string, Readonly<Record<string, Count>>>();
  const reports = new Map<string, ListenerReport>();
  for (const sample of samples) {
    for (const listener of sample.listeners) {
      const last = next.get(listener.id) ?? counters.get(listener.id);
      const leaving = sample.leaving?.filter(({ id }) => id === listener.id);
      if (leaving && leaving.length > 0) {
        const { report, known } = reportWithLeaving(listener, leaving, { counters, last });
        reports.set(listener.id, report);
        for (const [key, counts] of known) next.set(key, counts);
        continue;
      }
      reports.set(listener.id, reportListener(listener, last));
      if (isLast(listener.counters, last)) continue;
      next.set(ownCopy(listener.id), { ...last, ...listener.counters });
    }
  }
  const listeners = Object.fromEntries(reports);
  if (next.size === 0) quiet.add(listeners);
  const table = next.size === 0 ? counters : new Map([...counters, ...next]);
  return { listeners, counters: withoutGone(table, samples) };
}

function reportPools(samples: readonly LoadBalancerSample[]): Message["pools"] {
  const pools = samples.flatMap((sample) => sample.pools);
  return Object.fromEntries(pools.map(({ key, status, members }) => [key, { status, members }]));
}

/** @returns the message's JSON text in parts, of which those that tell nothing new are the last message's */
export function encodeMessage({ id, seq, listeners, pools, ver }: Message): readonly string[] {
  return [
    `{"id":${JSON.stringify(id)},"seq":${seq}`,
    textOf(listeners, (text) => `,"listeners":${text}`),
    textOf(pools, (text) => `,"pools":${text},"ver":${ver}}`),
  ];
}

/** Of parts that may serve again. */
const texts = new WeakMap<object, string>();

/** @param inPlace - what is around it in the whole */
function textOf(part: Message["listeners"] | Message["pools"], inPlace: (text: string) => string): string {
  const known = texts.get(part);
  if (known !== undefined) return known;
  // A replacer is called for every value, which is ten times as slow.
  const text = Object.values(part).some(hasLargeCount) ? stringifyExact(part) : JSON.stringify(part);
  const placed = inPlace(text);
  texts.set(part, placed);
  return placed;
}

function hasLargeCount(report: ListenerReport | PoolReport): boolean {
  return "stats" in report && Object.values(report.stats).some((count) => typeof count === "bigint");
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
