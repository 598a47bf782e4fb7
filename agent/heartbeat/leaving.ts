/** Counters of listeners over reloads: workers that were replaced go on counting until their clients leave. */
import type { LeavingSample, ListenerSample, LoadBalancerSample } from "../loadbalancer/types.ts";
import type { Count, CounterTable, ListenerReport } from "./types.ts";

type Counts = Readonly<Record<string, Count>>;

/** Between a listener's id and the worker that its counters are of; no id has it. */
const OF = "@";

/**
 * A listener with several workers. The counters of the last message were those of the oldest one that the table does
 * not have yet; whoever came after it has counted from zero.
 * @returns what to report, and what to count from next time
 */
export function reportWithLeaving(
  listener: ListenerSample,
  leaving: readonly LeavingSample[],
  { counters, last }: { readonly counters: CounterTable; readonly last: Counts | undefined },
): { readonly report: ListenerReport; readonly known: ReadonlyMap<string, Counts> } {
  const known = new Map<string, Counts>();
  const sum = { tx: 0, rx: 0, conns: listener.currentConnections, totconns: 0, ereq: 0 } as Record<
    keyof ListenerReport["stats"],
    Count
  >;
  let carried = last;
  const count = ({ counters: now }: ListenerSample, before: Counts = {}): void => {
    sum.tx = total(sum.tx, increase(now.bout, before.bout));
    sum.rx = total(sum.rx, increase(now.bin, before.bin));
    sum.totconns = total(sum.totconns, increase(now.stot, before.stot));
    sum.ereq = total(sum.ereq, increase(now.ereq, before.ereq));
  };
  for (const worker of leaving) {
    const key = `${listener.id}${OF}${worker.worker}`;
    const before = counters.get(key);
    count(worker, before ?? carried);
    if (!before) carried = undefined;
    sum.conns = total(sum.conns, worker.currentConnections);
    known.set(key, { ...worker.counters });
  }
  count(listener, carried);
  known.set(listener.id, { ...listener.counters });
  return { report: { status: listener.status, stats: sum }, known };
}

function hasWorkers(table: CounterTable): boolean {
  for (const key of table.keys()) if (key.includes(OF)) return true;
  return false;
}

/** @returns the table without workers that the samples do not tell of any more; the same one when it has none */
export function withoutGone(table: CounterTable, samples: readonly LoadBalancerSample[]): CounterTable {
  if (!hasWorkers(table)) return table;
  const present = new Set(
    samples.flatMap(({ leaving }) => leaving?.map(({ id, worker }) => `${id}${OF}${worker}`) ?? []),
  );
  const sampled = new Set(samples.flatMap(({ listeners }) => listeners.map(({ id }) => id)));
  const isGone = (key: string): boolean =>
    key.includes(OF) && !present.has(key) && sampled.has(key.slice(0, key.lastIndexOf(OF)));
  return [...table.keys()].some(isGone) ? new Map([...table].filter(([key]) => !isGone(key))) : table;
}

/** A counter that went down was reset, by a restart of HAProxy: then all of it is new. */
export function increase(current: Count, last: Count = 0): Count {
  if (current < last) return current;
  if (typeof current === "number" && typeof last === "number") return current - last;
  const exact = BigInt(current) - BigInt(last);
  const rounded = Number(exact);
  return Number.isSafeInteger(rounded) ? rounded : exact;
}

function total(one: Count, other: Count): Count {
  if (typeof one === "number" && typeof other === "number" && Number.isSafeInteger(one + other))
    return one + other;
  return BigInt(one) + BigInt(other);
}
