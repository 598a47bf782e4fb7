/** From samples to what is on the screen: rates, their history, the order; pure. */
import type { Counters, MemberRow, Model, Rates, Sample, SortKey, View } from "./types.ts";

/** As many as a sparkline shows. */
export const HISTORY = 20;

export const EMPTY_MODEL: Model = { sample: undefined, listeners: [], members: [] };

/** @returns the model with the rates since its own sample */
export function nextModel(model: Model, sample: Sample): Model {
  const seconds = model.sample ? (sample.atMs - model.sample.atMs) / 1_000 : 0;
  const listeners = new Map(model.listeners.map((row) => [row.id, row]));
  const members = new Map(model.members.map((row) => [row.key, row]));
  return {
    sample,
    listeners: sample.listeners.map((one) => ({ ...one, ...ratesOf(one, listeners.get(one.id), seconds) })),
    members: sample.members.map((one) => ({ ...one, ...ratesOf(one, members.get(one.key), seconds) })),
  };
}

/** Who was not there before has no rate yet. */
function ratesOf(now: Counters, before: (Counters & Rates) | undefined, seconds: number): Rates {
  if (!before || seconds <= 0) return { requestRate: 0, errorRate: 0, history: [] };
  const requestRate = increase(now.requests, before.requests) / seconds;
  const errorRate = increase(now.errors, before.errors) / seconds;
  return { requestRate, errorRate, history: [...before.history, requestRate].slice(-HISTORY) };
}

/** A counter that went down was reset, by a reload of HAProxy: then all of it is new. */
function increase(now: number, before: number): number {
  return now < before ? now : now - before;
}

const VALUES: Readonly<Record<SortKey, (row: MemberRow) => number>> = {
  requests: ({ requestRate }) => requestRate,
  errors: ({ errorRate }) => errorRate,
  queue: ({ queue }) => queue,
  latency: ({ latencyMs }) => latencyMs,
  connections: ({ connections }) => connections,
};

/** Equals stay where they are: rows that jump about cannot be read. */
export function sortMembers(members: readonly MemberRow[], { sort, ascending }: View): MemberRow[] {
  const value = VALUES[sort];
  return members.toSorted((a, b) => (ascending ? value(a) - value(b) : value(b) - value(a)));
}
