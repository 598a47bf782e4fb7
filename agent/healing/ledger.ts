/** Which differences may be repaired now: one that keeps coming back has to wait longer each time. */

/** So many repairs come at once: somebody may try something out, or reboot a switch. */
const FREE_ATTEMPTS = 3;
const FIRST_DELAY_MS = 2_000;
const LONGEST_DELAY_MS = 600_000;
/** A difference that stayed away for so long begins anew. */
const QUIET_MS = 60_000;
/** A repair that has lasted for so long was not undone: whoever did that has stopped, or waits. */
const LASTING_MS = 30_000;

interface Entry {
  readonly attempts: number;
  readonly lastAt: number;
  /** Of the last attempt; `gone` when it failed, and somebody else has put it right since. */
  readonly outcome: "repaired" | "failed" | "gone";
}

export class Ledger {
  readonly #entries = new Map<string, Entry>();
  /** At the last look at everything. */
  #present: ReadonlySet<string> = new Set();

  isDue(difference: string, now: number): boolean {
    return now >= this.dueAt(difference);
  }

  /** Milliseconds of the clock; minus infinity for a difference that was not there lately. */
  dueAt(difference: string): number {
    const entry = this.#entries.get(difference);
    return entry ? entry.lastAt + delayAfter(entry.attempts) : Number.NEGATIVE_INFINITY;
  }

  /** @returns how many attempts there were in this series, this one included */
  note(difference: string, worked: boolean, now: number): number {
    const attempts = (this.#entries.get(difference)?.attempts ?? 0) + 1;
    this.#entries.set(difference, { attempts, lastAt: now, outcome: worked ? "repaired" : "failed" });
    return attempts;
  }

  /** Forgets what has stayed away long enough. @param present - all differences that there are now */
  tidy(present: ReadonlySet<string>, now: number): void {
    this.#present = present;
    for (const [difference, entry] of this.#entries) {
      if (present.has(difference)) continue;
      const quietMs = Math.max(QUIET_MS, 2 * delayAfter(entry.attempts));
      if (now - entry.lastAt > quietMs) this.#entries.delete(difference);
      else if (entry.outcome === "failed") this.#entries.set(difference, { ...entry, outcome: "gone" });
    }
  }

  /** Repaired more often than is healthy, and undone again, as far as one can see by now. */
  flapping(now: number): string[] {
    return this.#where(
      ({ attempts, outcome, lastAt }, difference) =>
        outcome === "repaired" &&
        isFlapping(attempts) &&
        (this.#present.has(difference) || now - lastAt < LASTING_MS),
    );
  }

  /** The last attempt did not help. */
  failing(): string[] {
    return this.#where(({ outcome }) => outcome === "failed");
  }

  #where(condition: (entry: Entry, difference: string) => boolean): string[] {
    return [...this.#entries]
      .filter(([difference, entry]) => condition(entry, difference))
      .map(([difference]) => difference);
  }
}

export function isFlapping(attempts: number): boolean {
  return attempts > FREE_ATTEMPTS;
}

/** Milliseconds after the last of so many attempts until the next one. */
export function delayAfter(attempts: number): number {
  if (attempts < FREE_ATTEMPTS) return 0;
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempts - FREE_ATTEMPTS));
}
