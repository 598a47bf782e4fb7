/** Prints a line for each step, and the sum. */
import type { Step } from "./controller.ts";

const WORDS = { passed: "ok", failed: "FAILED", skipped: "SKIPPED" } as const;

export class Verdicts {
  readonly #counts = { passed: 0, failed: 0, skipped: 0 };
  readonly #bad: string[] = [];

  /** @param subject - agent, controller and story */
  tell(subject: string, { step, verdict, seconds, detail }: Step): void {
    this.#counts[verdict] += 1;
    const line = `${subject}: ${step}: ${WORDS[verdict]}`;
    console.log(verdict === "skipped" ? `${line}: ${detail}` : `${line} (${seconds.toFixed(1)} s)`);
    if (verdict === "passed") return;
    this.#bad.push(line);
    if (verdict === "failed") console.log(detail.replaceAll(/^/gm, "    "));
  }

  /** Prints all that did not pass once more, then the sum. @returns whether nothing failed and something passed */
  close(): boolean {
    const { passed, failed, skipped } = this.#counts;
    if (this.#bad.length > 0) console.log(`\n${this.#bad.join("\n")}`);
    console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
    return failed === 0 && passed > 0;
  }
}
