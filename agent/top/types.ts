/** The words of `amphora top`. */

/** Counters of one moment, as HAProxy's statistics have them. */
export interface Counters {
  readonly requests: number;
  /** Failed connections, broken answers, and answers with a status of 500 and above. */
  readonly errors: number;
}

export interface ListenerSample extends Counters {
  readonly id: string;
  readonly state: string;
  readonly connections: number;
}

export interface MemberSample extends Counters {
  /** Pool, listener and member: a shared pool is there once for each of its listeners. */
  readonly key: string;
  readonly id: string;
  readonly pool: string;
  readonly address: string;
  readonly state: string;
  readonly connections: number;
  /** Requests that wait for it. */
  readonly queue: number;
  /** From the queue to the beginning of the answer, a mean of HAProxy's over the last 1,024 requests. */
  readonly latencyMs: number;
}

export interface Sample {
  /** Milliseconds since an arbitrary moment. */
  readonly atMs: number;
  readonly listeners: readonly ListenerSample[];
  readonly members: readonly MemberSample[];
  /** Load balancers that have not answered, with the reason. */
  readonly silent: readonly string[];
}

/** Per second, since the sample before. */
export interface Rates {
  readonly requestRate: number;
  readonly errorRate: number;
  /** The last request rates, the newest last. */
  readonly history: readonly number[];
}

export type ListenerRow = ListenerSample & Rates;
export type MemberRow = MemberSample & Rates;

/** What is on the screen. */
export interface Model {
  readonly sample: Sample | undefined;
  readonly listeners: readonly ListenerRow[];
  readonly members: readonly MemberRow[];
}

export const SORT_KEYS = ["requests", "errors", "queue", "latency", "connections"] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** How somebody looks at it. */
export interface View {
  readonly sort: SortKey;
  /** The least first. */
  readonly ascending: boolean;
  /** Members above the screen. */
  readonly offset: number;
  readonly paused: boolean;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}
