/** What one look has found, and what became of it. */
import { AgentError } from "../errors.ts";
import type { Deviation, Held, Look } from "./types.ts";

export class Finds {
  readonly #isDue: Look["isDue"];
  readonly #repaired: string[] = [];
  readonly #remaining: string[] = [];

  constructor(isDue: Look["isDue"]) {
    this.#isDue = isDue;
  }

  get hasRepaired(): boolean {
    return this.#repaired.length > 0;
  }

  /** Repairs what is due of these, one after the other. @throws as {@link repair} */
  async repairAll(deviations: readonly Deviation[]): Promise<void> {
    for (const { difference, repair } of deviations) await this.repair(difference, repair);
  }

  /** Repairs one difference, if it is due. @throws what is no failure of a command */
  async repair(difference: string, job: () => Promise<void>): Promise<void> {
    if (!this.#isDue(difference)) this.#remaining.push(difference);
    else if (await this.attempt(job)) this.#remaining.push(difference);
    else this.#repaired.push(difference);
  }

  /** @returns the reason of a command that failed. @throws anything else */
  async attempt(job: () => Promise<void>): Promise<string | undefined> {
    try {
      await job();
      return undefined;
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      return error.details === undefined ? error.message : `${error.message}: ${error.details}`;
    }
  }

  /** Every one is asked for, so that all are attempts when one is. */
  isAnyDue(differences: readonly string[]): boolean {
    return differences.filter((difference) => this.#isDue(difference)).length > 0;
  }

  leave(differences: readonly string[]): void {
    this.#remaining.push(...differences);
  }

  /** Differences that were worked on together. @param remaining - those that are still there */
  settle(differences: readonly string[], remaining: ReadonlySet<string>): void {
    for (const difference of differences) {
      (remaining.has(difference) ? this.#remaining : this.#repaired).push(difference);
    }
  }

  held(): Held {
    return { repaired: this.#repaired, remaining: this.#remaining };
  }
}
