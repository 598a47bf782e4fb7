/** Calls at a fixed rate, without drift. */
import type { Clock } from "../system/clock.ts";

export interface Schedule {
  /** Lets a new interval count from now, unless the next call is due earlier anyway. */
  restart(): void;
  stop(): void;
}

/** Share of an interval that a call may be late for a timer that need not be made anew. */
const TOLERANCE = 1 / 200;

/**
 * Calls `tick` at once and then every `intervalMs()`. The time that a call takes does not move the next one;
 * calls that were missed, because the machine stood still, are not made up for.
 * @param intervalMs - asked after each call
 */
export function startSchedule(clock: Clock, intervalMs: () => number, tick: () => void): Schedule {
  let due = clock.now();
  let stopped = false;
  const alarm = clock.alarm(run);
  alarm.set(0);

  function run(): void {
    tick();
    const interval = intervalMs();
    const now = clock.now();
    due += interval;
    if (due <= now) due += interval * Math.ceil((now - due) / interval + Number.EPSILON);
    wait(now, interval);
  }

  function wait(now: number, interval: number): void {
    if (stopped) return;
    const left = Math.max(0, due - now);
    const isRegular = left <= interval && left >= interval * (1 - TOLERANCE);
    alarm.set(isRegular ? interval : left);
  }

  return {
    restart() {
      const now = clock.now();
      const interval = intervalMs();
      due = Math.min(due, now + interval);
      wait(now, interval);
    },
    stop() {
      stopped = true;
      alarm.clear();
    },
  };
}
