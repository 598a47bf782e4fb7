/** Time that only goes forward, whatever happens to the date. */
import { performance } from "node:perf_hooks";
import process from "node:process";

export interface Clock {
  /** Milliseconds since an arbitrary moment. */
  now(): number;
  /** Calls back once, `delayMs` from now. @returns a function that calls it off */
  after(delayMs: number, callback: () => void): () => void;
  /** Calls back whenever it was set, for less than what `after` costs if that is always as far ahead. */
  alarm(callback: () => void): Alarm;
  /** Calls back once, in {@link SOON_MS}: for less than what `after` costs, and not to be called off. */
  soon(callback: () => void): void;
}

export interface Alarm {
  /** Lets it go off once, `delayMs` from now, and no more for what it was set to before. */
  set(delayMs: number): void;
  clear(): void;
}

export const SOON_MS = 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
      disarm();
    };
  },
  alarm: (callback) => {
    let timer: NodeJS.Timeout | undefined;
    let lastDelayMs: number | undefined;
    return {
      set(delayMs) {
        if (timer && delayMs === lastDelayMs) {
          timer.refresh();
          return;
        }
        clearTimeout(timer);
        timer = setTimeout(callback, delayMs);
        lastDelayMs = delayMs;
      },
      clear() {
        clearTimeout(timer);
        timer = undefined;
        disarm();
      },
    };
  },
  soon: (callback) => {
    expected.push(callback);
    if (expected.length > 1) return;
    if (shared) shared.refresh();
    else shared = setTimeout(callExpected, SOON_MS);
  },
};

/** For all that is due soon. */
let shared: NodeJS.Timeout | undefined;
let expected: (() => void)[] = [];

function callExpected(): void {
  const due = expected;
  expected = [];
  for (const callback of due) callback();
}

/**
 * Node has one timer in the event loop, set to whatever is due first, and clearing that leaves it as it is: the
 * process would wake for nothing, which costs as much as sending a datagram. Something due sooner sets it anew, and
 * is over before the loop sleeps again if the caller works for a millisecond.
 */
function disarm(): void {
  systemClock.soon(() => undefined);
}

/** Milliseconds since an arbitrary moment, which is the same one for all threads: `performance` has one for each. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Waits until `promise` has settled, but not longer than `limitMs`. The promise goes on in either case, and its
 * failure is for whoever else holds it.
 *
 * Mostly it settles at once: HAProxy answers within a millisecond. A timer of its own is only made when it does not.
 * @returns whether it has settled
 */
export function settledWithin(clock: Clock, limitMs: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    let isSettled = false;
    let cancel: (() => void) | undefined;
    const settled = (): void => {
      isSettled = true;
      cancel?.();
      resolve(true);
    };
    promise.then(settled, settled);
    clock.soon(() => {
      if (!isSettled) cancel = clock.after(Math.max(0, limitMs - SOON_MS), () => resolve(false));
    });
  });
}
