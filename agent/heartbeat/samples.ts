/** Collects the load balancers' statistics, without ever waiting for a slow one longer than allowed. */
import { AgentError } from "../errors.ts";
import type { LoadBalancerSample } from "../loadbalancer/types.ts";
import { type Clock, settledWithin } from "../system/clock.ts";
import type { Names } from "../system/files.ts";

/** Where statistics come from. */
export interface StatsSource {
  /**
   * Ids of the load balancers that this amphora has a configuration of.
   * @param names - what is in the state directory
   */
  list(names: Names): readonly string[] | Promise<readonly string[]>;
  /**
   * @returns undefined when its HAProxy does not run
   * @throws when HAProxy does not answer properly
   */
  read(id: string): Promise<LoadBalancerSample | undefined>;
  /** Makes the reading that is under way fail with this reason. */
  release(id: string, reason: Error): void;
  /** Makes all readings fail. */
  close(): void;
}

/** What became of reading one load balancer. */
export type ReadResult =
  | { readonly kind: "read"; readonly sample: LoadBalancerSample | undefined }
  | { readonly kind: "failed"; readonly error: unknown }
  /** Has not answered yet, and nothing recent is left from before. */
  | { readonly kind: "late" };

interface Running {
  readonly sinceMs: number;
  readonly done: Promise<void>;
}

type Settled = Exclude<ReadResult, { kind: "late" }> & { readonly atMs: number };

/** Why a reading was given up, or is not used. */
export const NOT_IN_TIME = "no answer in time";

/** The part of an interval that a reading may take: it has to end before the next heartbeat but one. */
const LONGEST_READING = 0.9;

export class SampleCollector {
  readonly #source: StatsSource;
  readonly #clock: Clock;
  readonly #running = new Map<string, Running>();
  /** Results that no heartbeat has used yet. */
  readonly #settled = new Map<string, Settled>();

  constructor(source: StatsSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /**
   * Starts a reading of each load balancer that is not being read already, and waits for all of them, but not
   * longer than `waitMs`. A result that came too late for its own heartbeat is used by the next one, if it is
   * younger than `intervalMs`; none is used twice, so that a HAProxy that hangs is not reported as well. A
   * reading that has taken most of an interval is given up, and started anew.
   * @param names - what is in the state directory
   * @throws when the load balancers cannot be listed
   */
  async collect(names: Names, waitMs: number, intervalMs: number): Promise<Map<string, ReadResult>> {
    const listed = this.#source.list(names);
    const ids = listed instanceof Promise ? await listed : listed;
    const running = ids.map((id) => this.#reading(id, intervalMs * LONGEST_READING));
    const [first] = running;
    // Mostly there is one load balancer.
    const all = running.length > 1 ? Promise.all(running) : first;
    if (all) await settledWithin(this.#clock, waitMs, all);
    const results = new Map(ids.map((id) => [id, this.#take(id, intervalMs)]));
    this.#settled.clear();
    return results;
  }

  /** Ends readings that still run. */
  async close(): Promise<void> {
    this.#source.close();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  #take(id: string, intervalMs: number): ReadResult {
    const settled = this.#settled.get(id);
    return settled && this.#clock.now() - settled.atMs < intervalMs ? settled : { kind: "late" };
  }

  #reading(id: string, limitMs: number): Promise<void> {
    const running = this.#running.get(id);
    if (!running) return this.#start(id);
    if (this.#clock.now() - running.sinceMs < limitMs) return running.done;
    this.#source.release(id, new AgentError("unavailable", NOT_IN_TIME));
    return running.done.then(() => this.#start(id));
  }

  #start(id: string): Promise<void> {
    const done = this.#source.read(id).then(
      (sample) => this.#settle(id, { kind: "read", sample, atMs: this.#clock.now() }),
      (error: unknown) => this.#settle(id, { kind: "failed", error, atMs: this.#clock.now() }),
    );
    this.#running.set(id, { sinceMs: this.#clock.now(), done });
    return done;
  }

  #settle(id: string, settled: Settled): void {
    this.#settled.set(id, settled);
    this.#running.delete(id);
  }
}
