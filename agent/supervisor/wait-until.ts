/** Waiting for a condition that nothing announces. */
import { setTimeout as sleep } from "node:timers/promises";

const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;

/**
 * Looks again and again, with growing pauses, until the condition holds.
 * @returns false when the signal came first
 * @throws what `isSo` throws
 */
export async function waitUntil(isSo: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  let pauseMs = SHORTEST_PAUSE_MS;
  while (!(await isSo())) {
    if (signal.aborted) return false;
    // Cut short by the signal, the pause is over too: one last look follows.
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }
  return true;
}
