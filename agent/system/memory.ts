/**
 * Gives memory back after work is done. V8 collects garbage when it needs room, so an agent that has answered a
 * few requests and then sleeps for days would hold on to what they left: a tenth of its memory.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock } from "./clock.ts";

export interface MemoryTidier {
  /** Something was done that leaves garbage. */
  touched(): void;
  close(): void;
}

const QUIET_MS = 2_000;
/** A collection stops the program for some 30 ms. */
const LEAST_GAP_MS = 60_000;

/**
 * Collects once it has been quiet for two seconds, and at most once a minute.
 * @param collect - see {@link collectGarbage}
 */
export function createMemoryTidier(clock: Clock, collect: () => void): MemoryTidier {
  let cancel: (() => void) | undefined;
  let lastTouched = 0;
  let lastCollected = Number.NEGATIVE_INFINITY;

  const dueAt = (): number => Math.max(lastTouched + QUIET_MS, lastCollected + LEAST_GAP_MS);
  const wait = (): void => {
    cancel = clock.after(Math.max(0, dueAt() - clock.now()), check);
  };
  const check = (): void => {
    if (clock.now() < dueAt()) {
      wait();
      return;
    }
    cancel = undefined;
    lastCollected = clock.now();
    collect();
  };
  return {
    touched() {
      lastTouched = clock.now();
      if (!cancel) wait();
    },
    close() {
      cancel?.();
      cancel = undefined;
    },
  };
}

let collector: ((options: object) => void) | undefined;

/** A full, compacting collection; freed pages go back to the kernel. */
export function collectGarbage(): void {
  if (!collector) {
    setFlagsFromString("--expose-gc");
    // The function shows up in contexts made from now on; no code of the program's own can see it.
    collector = runInNewContext("gc") as (options: object) => void;
  }
  collector({ type: "major", execution: "sync", flavor: "last-resort" });
}
