/** Decisions about one program that the agent itself runs. */

export type ProcessState = "stopped" | "starting" | "running" | "waiting" | "stopping";

/** `up`: it serves. `ended`: it does not run any more. `due`: the delay before another attempt is over. */
export type ProcessEvent = "start" | "up" | "ended" | "due" | "stop";

/** An event that a state does not name changes nothing in it. */
const TRANSITIONS: Readonly<Record<ProcessState, Partial<Record<ProcessEvent, ProcessState>>>> = {
  stopped: { start: "starting", up: "running" },
  starting: { up: "running", ended: "waiting" },
  running: { ended: "waiting", stop: "stopping" },
  waiting: { start: "starting", due: "starting", stop: "stopped" },
  stopping: { ended: "stopped" },
};

/** @returns the state after the event, or undefined when the event means nothing in `state` */
export function nextState(state: ProcessState, event: ProcessEvent): ProcessState | undefined {
  return TRANSITIONS[state][event];
}

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 30_000;

/**
 * Delay before a program that ended is started again. The first one is short: clients are waiting.
 * @param attempt - ends in a row, from 1
 * @param random - from 0 to below 1; several services that fail together come back apart
 * @returns milliseconds, at least 100 and less than 37 500
 */
export function backoffMs(attempt: number, random: number): number {
  const delay = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS);
  return Math.round(delay * (1 + random / 4));
}

const HEALTHY_MS = 10_000;

/**
 * Ends in a row, counting the present one.
 * @param before - ends in a row until now
 * @param ranMs - how long it ran this time
 */
export function countEnds(before: number, ranMs: number): number {
  return ranMs >= HEALTHY_MS ? 1 : before + 1;
}

export interface Remembered {
  readonly wanted: "running" | "stopped";
  /** The kernel's boot id when that was written. */
  readonly bootId: string;
}

/**
 * What to do with a service when the agent starts. After a boot every enabled one is started, like
 * a unit that multi-user.target wants (docs/contract/rest-api.md, 2.3); within a boot a stopped one stays so.
 */
export function planResume(
  remembered: Remembered,
  present: { readonly bootId: string; readonly isRunning: boolean },
): "adopt" | "start" | "leave" {
  const isNewBoot = remembered.bootId !== present.bootId;
  if (isNewBoot) return "start";
  if (present.isRunning) return "adopt";
  return remembered.wanted === "running" ? "start" : "leave";
}
