/** Calls at a fixed rate, without drift. */
import type { Clock } from "../system/clock.ts";

export interface Schedule {
  /** Lets a new interval count from now, unless the next call is due earlier anyway. */
  restart(): void;
  stop(): void;
}

/**
 * Calls `tick` at once and then every `intervalMs()`. The time that a call takes does not move the next one;
 * calls that were missed, because the machine stood still, are not made up for.
 * @param intervalMs - asked after each call
 */
export function startSchedule(clock: Clock, intervalMs: () => number, tick: () => void): Schedule {
  let due = clock.now();
  let stopped = false;
  let cancel = clock.after(0, run);

  function run(): void {
    tick();
    const interval = intervalMs();
    const now = clock.now();
    due += interval;
    if (due <= now) due += interval * Math.ceil((now - due) / interval + Number.EPSILON);
    wait(now);
  }

  function wait(now: number): void {
    if (stopped) return;
    cancel = clock.after(Math.max(0, due - now), run);
  }

  return {
    restart() {
      const now = clock.now();
      due = Math.min(due, now + intervalMs());
      cancel();
      wait(now);
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}
