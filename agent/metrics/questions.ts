/** Questions to another thread, and the answers to them in any order. */

export class Questions {
  readonly #send: (id: number) => void;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, (text: string) => void>();
  #last = 0;

  /** @param send - puts a question; its answer is handed to {@link answered} */
  constructor(send: (id: number) => void, timeoutMs: number) {
    this.#send = send;
    this.#timeoutMs = timeoutMs;
  }

  /** @returns the answer, or nothing when there is none in time */
  ask(): Promise<string> {
    const id = ++this.#last;
    const { promise, resolve } = Promise.withResolvers<string>();
    const timer = setTimeout(() => this.answered(id, ""), this.#timeoutMs);
    this.#waiting.set(id, (text) => {
      clearTimeout(timer);
      resolve(text);
    });
    this.#send(id);
    return promise;
  }

  answered(id: number, text: string): void {
    this.#waiting.get(id)?.(text);
    this.#waiting.delete(id);
  }
}
