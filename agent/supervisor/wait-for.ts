/** Waiting for something that nothing announces. */
import { setTimeout as sleep } from "node:timers/promises";

const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;
/** So slow a growth that the last pause is a fifth of the whole wait at most. */
const GROWTH = 1.25;

/**
 * Looks again and again, with growing pauses, until there is something to see.
 * @returns what `look` saw first, or undefined when the signal came before
 * @throws what `look` throws
 */
export async function waitFor<T>(
  look: () => Promise<T | undefined>,
  signal: AbortSignal,
): Promise<T | undefined> {
  for (let pauseMs = SHORTEST_PAUSE_MS; ; pauseMs = Math.min(GROWTH * pauseMs, LONGEST_PAUSE_MS)) {
    const seen = await look();
    if (seen !== undefined || signal.aborted) return seen;
    // Cut short by the signal, the pause is over too: one last look follows.
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
