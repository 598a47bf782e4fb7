/** Time that only goes forward, whatever happens to the date. */
import { performance } from "node:perf_hooks";
import process from "node:process";

export interface Clock {
  /** Milliseconds since an arbitrary moment. */
  now(): number;
  /** Calls back once, `delayMs` from now. @returns a function that calls it off */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
      disarm();
    };
  },
};

/**
 * Node has one timer in the event loop, set to whatever is due first, and clearing that leaves it as it is: the
 * process would wake for nothing, which costs as much as sending a datagram. Something due sooner sets it anew, and
 * is over before the loop sleeps again if the caller works for a millisecond.
 */
function disarm(): void {
  if (soon) soon.refresh();
  else soon = setTimeout(() => undefined, 1).unref();
}

let soon: NodeJS.Timeout | undefined;

/** Milliseconds since an arbitrary moment, which is the same one for all threads: `performance` has one for each. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Waits until `promise` has settled, but not longer than `limitMs`. The promise goes on in either case, and its
 * failure is for whoever else holds it.
 * @returns whether it has settled
 */
export function settledWithin(clock: Clock, limitMs: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(Math.max(0, limitMs), () => resolve(false));
    const settled = (): void => {
      cancel();
      resolve(true);
    };
    promise.then(settled, settled);
  });
}
