/** Waiting for what can be seen, with a deadline; never for a fixed time. */
import { setTimeout as sleep } from "node:timers/promises";
import { asError } from "../errors.ts";

const POLL_MS = 50;

export interface UntilOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** What the last look saw, for the error. */
  readonly seen?: () => string;
}

/**
 * Looks again and again until `look` gives something else than undefined or false. A look that throws counts
 * as "not yet"; its error is told when time runs out.
 * @param what - the condition in words: "member 2 is DOWN in a heartbeat"
 * @throws Error after `timeoutMs`, the signal's own reason when aborted
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  options: UntilOptions,
): Promise<T> {
  const { timeoutMs, signal, seen } = options;
  const deadline = Date.now() + timeoutMs;
  let problem: Error | undefined;
  for (;;) {
    signal.throwIfAborted();
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      problem = undefined;
    } catch (error) {
      problem = asError(error);
    }
    if (Date.now() >= deadline) break;
    await sleep(POLL_MS, undefined, { signal });
  }
  const last = [seen?.(), problem?.message].filter((text) => text !== undefined && text !== "");
  throw new Error(`not within ${timeoutMs / 1000} s: ${what}${last.map((text) => ` (${text})`).join("")}`, {
    cause: problem,
  });
}
