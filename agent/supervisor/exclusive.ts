/**
 * Jobs with the same key run one after the other, in the order in which they were given; jobs with
 * different keys do not wait for each other.
 */
export class Exclusive {
  readonly #tails = new Map<string, Promise<unknown>>();

  /**
   * Runs `job` when every earlier job of `key` has ended, whether well or badly.
   * @returns what the job returns
   * @throws what the job throws; an earlier job's failure is its own caller's
   */
  run<T>(key: string, job: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(job);
    const tail = result.then(ignore, ignore).then(() => {
      // The last of a chain takes the key along: ids come and go, the map must not grow with them.
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    this.#tails.set(key, tail);
    return result;
  }

  /** Number of keys with a job that runs or waits. */
  get size(): number {
    return this.#tails.size;
  }
}

const ignore = (): void => undefined;
