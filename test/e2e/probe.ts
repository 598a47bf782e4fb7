/** A client that sends a request on a new connection every 10 ms, whatever becomes of the earlier ones. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Request, Target } from "./probe-worker.ts";

export class Probe {
  readonly #worker: Worker;

  constructor(target: Target) {
    this.#worker = new Worker(new URL("./probe-worker.ts", import.meta.url), { workerData: target });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  /** @returns the longest time without an answer between the first answer and the last, in milliseconds */
  async stop(): Promise<number> {
    this.#worker.postMessage("stop");
    const [requests] = (await once(this.#worker, "message")) as [Request[]];
    await this.#worker.terminate();
    return longestGap(requests);
  }
}

/** @throws Error when there were not two answers */
export function longestGap(requests: readonly Request[]): number {
  const answers = requests.map(({ answered }) => answered).filter((answered) => answered !== undefined);
  if (answers.length < 2) throw new Error(`${answers.length} answers to ${requests.length} requests`);
  answers.sort((one, other) => one - other);
  return Math.max(...answers.slice(1).map((answered, index) => answered - (answers[index] ?? answered)));
}
