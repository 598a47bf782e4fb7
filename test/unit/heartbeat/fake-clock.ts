/** A clock that a test moves by hand. */
import { type Alarm, type Clock, SOON_MS } from "../../../agent/system/clock.ts";

export class FakeClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ at: number; callback: () => void }>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  alarm(callback: () => void): Alarm {
    let cancel: (() => void) | undefined;
    return {
      set: (delayMs) => {
        cancel?.();
        cancel = this.after(delayMs, callback);
      },
      clear: () => cancel?.(),
    };
  }

  soon(callback: () => void): void {
    this.after(SOON_MS, callback);
  }

  /** Calls back what becomes due, in order, and lets promises settle behind each. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settle();
    }
    this.#now = end;
  }

  /** Time passes while nothing can run, as when the machine is suspended. */
  stall(ms: number): void {
    this.#now += ms;
  }
}

/** Until all promises that depend on no timer have settled. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
