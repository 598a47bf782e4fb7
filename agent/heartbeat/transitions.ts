/** Remembers what fails, so that a log gets one line when that begins, changes or ends, and none in between. */
export class Transitions {
  readonly #reasons = new Map<string, string>();

  /** @returns whether this is news */
  failed(subject: string, reason: string): boolean {
    if (this.#reasons.get(subject) === reason) return false;
    this.#reasons.set(subject, reason);
    return true;
  }

  /** @returns whether it had failed before */
  works(subject: string): boolean {
    return this.#reasons.delete(subject);
  }
}
