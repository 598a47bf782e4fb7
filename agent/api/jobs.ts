/** Work that a request started: it may outlive the request, but never unnoticed. */
import { AgentError } from "../errors.ts";

export class Jobs {
  readonly #running = new Set<Promise<unknown>>();

  /**
   * Waits for a job, but no longer than `deadlineMs`; the job then goes on to its end.
   * @param ended - called with how a job ended that was not waited for any more
   * @throws AgentError `unavailable` after the deadline, else what the job throws
   */
  async within<T>(deadlineMs: number, job: Promise<T>, ended: (error: unknown) => void): Promise<T> {
    let late = false;
    const tracked = job.then(
      () => late && ended(undefined),
      (error: unknown) => late && ended(error),
    );
    this.#running.add(tracked);
    void tracked.finally(() => this.#running.delete(tracked));
    const expired = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late = true;
      expired.reject(
        new AgentError("unavailable", "The request takes too long", {
          details: `No result within ${deadlineMs / 1000} s; the work goes on`,
        }),
      );
    }, deadlineMs);
    try {
      return await Promise.race([job, expired.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves when no job runs. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
