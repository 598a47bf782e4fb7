/** Collects the load balancers' statistics, without ever waiting for a slow one longer than allowed. */
import type { LoadBalancerSample } from "../loadbalancer/types.ts";
import { type Clock, settledWithin } from "../system/clock.ts";

/** Where statistics come from. */
export interface StatsSource {
  /** Ids of the load balancers that this amphora has a configuration of. */
  list(): Promise<readonly string[]>;
  /**
   * @returns undefined when its HAProxy does not run
   * @throws when HAProxy does not answer properly
   */
  read(
    id: string,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<LoadBalancerSample | undefined>;
}

/** What became of reading one load balancer. */
export type ReadResult =
  | { readonly kind: "read"; readonly sample: LoadBalancerSample | undefined }
  | { readonly kind: "failed"; readonly error: unknown }
  /** Has not answered yet, and nothing recent is left from before. */
  | { readonly kind: "late" };

type Settled = Exclude<ReadResult, { kind: "late" }> & { readonly atMs: number };

export class SampleCollector {
  readonly #source: StatsSource;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #running = new Map<string, Promise<void>>();
  /** Results that no heartbeat has used yet. */
  readonly #settled = new Map<string, Settled>();

  constructor(source: StatsSource, clock: Clock, signal: AbortSignal) {
    this.#source = source;
    this.#clock = clock;
    this.#signal = signal;
  }

  /**
   * Starts a reading of each load balancer that is not being read already, and waits for all of them, but not
   * longer than `waitMs`. A result that came too late for its own heartbeat is used by the next one, if it is
   * younger than `intervalMs`; none is used twice, so that a HAProxy that hangs is not reported as well.
   * @throws when the load balancers cannot be listed
   */
  async collect(waitMs: number, intervalMs: number): Promise<Map<string, ReadResult>> {
    const ids = await this.#source.list();
    const running = ids.map((id) => this.#running.get(id) ?? this.#start(id, intervalMs));
    await settledWithin(this.#clock, waitMs, Promise.all(running));
    const results = new Map(ids.map((id) => [id, this.#take(id, intervalMs)]));
    this.#settled.clear();
    return results;
  }

  /** Waits for readings that still run. */
  async idle(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  #take(id: string, intervalMs: number): ReadResult {
    const settled = this.#settled.get(id);
    return settled && this.#clock.now() - settled.atMs < intervalMs ? settled : { kind: "late" };
  }

  #start(id: string, intervalMs: number): Promise<void> {
    // It has to end before the next heartbeat but one, or that could not start a new one.
    const timeoutMs = intervalMs * 0.9;
    const reading = this.#read(id, timeoutMs).then((settled) => {
      this.#settled.set(id, settled);
      this.#running.delete(id);
    });
    this.#running.set(id, reading);
    return reading;
  }

  async #read(id: string, timeoutMs: number): Promise<Settled> {
    try {
      const sample = await this.#source.read(id, { timeoutMs, signal: this.#signal });
      return { kind: "read", sample, atMs: this.#clock.now() };
    } catch (error) {
      return { kind: "failed", error, atMs: this.#clock.now() };
    }
  }
}
