/** A question to another thread; who asks soon after another gets the same answer. */
import type { Clock } from "../system/clock.ts";

export interface QuestionOptions {
  /** Puts the question; its answer is handed to {@link RememberedAnswer.answered}. */
  readonly send: () => void;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** The oldest that an answer may be, from when it was asked for. */
  readonly ageMs: number;
}

export class RememberedAnswer {
  readonly #options: QuestionOptions;
  #asked: { readonly atMs: number; readonly answer: Promise<string> } | undefined;
  /** Of the question that waits. */
  #settle: ((text: string) => void) | undefined;

  constructor(options: QuestionOptions) {
    this.#options = options;
  }

  /** @returns the answer, or nothing when there is none in time */
  ask(): Promise<string> {
    const { clock, ageMs } = this.#options;
    const isRecent = this.#asked && clock.now() - this.#asked.atMs < ageMs;
    if (this.#asked && (this.#settle || isRecent)) return this.#asked.answer;
    const answer = this.#ask();
    this.#asked = { atMs: clock.now(), answer };
    return answer;
  }

  answered(text: string): void {
    this.#settle?.(text);
  }

  #ask(): Promise<string> {
    const { send, clock, timeoutMs } = this.#options;
    const { promise, resolve } = Promise.withResolvers<string>();
    const cancel = clock.after(timeoutMs, () => {
      this.#asked = undefined;
      this.answered("");
    });
    this.#settle = (text) => {
      this.#settle = undefined;
      cancel();
      resolve(text);
    };
    send();
    return promise;
  }
}
