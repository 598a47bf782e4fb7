/** What HAProxy's master process knows: which workers serve, and whether a reload worked. */
import { AgentError, systemErrorCode } from "../errors.ts";
import type { Ask } from "../system/unix-socket.ts";
import { type HaproxyProcesses, judgeReload, parseProcesses, saysReloadFailed } from "./parse-processes.ts";
import { waitUntil } from "./wait-until.ts";

const ANSWER_TIMEOUT_MS = 2_000;

/** Conditions of a master that is being started or is starting itself again; others are real failures. */
const NOT_YET = new Set(["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE", "EAGAIN"]);

export class MasterSocket {
  readonly #path: string;
  readonly #ask: Ask;

  constructor(path: string, ask: Ask) {
    this.#path = path;
    this.#ask = ask;
  }

  /** @returns undefined when no master answers: none runs, or one that is just starting itself again */
  async processes(): Promise<HaproxyProcesses | undefined> {
    return parseProcesses((await this.#answer("show proc")) ?? "");
  }

  /**
   * Waits until a worker serves.
   * @param signal - ends the waiting with its own reason
   */
  async untilUp(signal: AbortSignal): Promise<void> {
    await this.#until(async () => {
      const [worker] = (await this.processes())?.workers ?? [];
      return worker !== undefined && this.#serves(worker);
    }, signal);
  }

  /**
   * Asks the master to reload.
   * @throws AgentError `commandFailed` when the master says at once that it failed
   */
  async requestReload(timeoutMs: number): Promise<void> {
    const answer = (await this.#answer("reload", timeoutMs)) ?? "";
    if (!saysReloadFailed(answer)) return;
    throw new AgentError("commandFailed", "HAProxy did not reload", { details: answer.trim() });
  }

  /**
   * Waits until a reload that was asked for has ended.
   * @param before - the processes before it
   * @throws AgentError `commandFailed` when HAProxy goes on with the old configuration; the signal's reason
   */
  async confirmReload(before: HaproxyProcesses, signal: AbortSignal): Promise<void> {
    await this.#until(async () => {
      const now = await this.processes();
      if (!now) return false;
      const verdict = judgeReload(before, now);
      if (verdict === "failed") {
        throw new AgentError(
          "commandFailed",
          "HAProxy did not reload and goes on with its old configuration",
        );
      }
      const worker = now.workers.find((pid) => !before.workers.includes(pid));
      return worker !== undefined && this.#serves(worker);
    }, signal);
  }

  /** A worker that answers has read its configuration and runs its loop. */
  async #serves(worker: number): Promise<boolean> {
    return /^Uptime_sec:/m.test((await this.#answer(`@!${worker} show info`)) ?? "");
  }

  async #until(isSo: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    if (!(await waitUntil(isSo, signal))) signal.throwIfAborted();
  }

  async #answer(command: string, timeoutMs = ANSWER_TIMEOUT_MS): Promise<string | undefined> {
    try {
      return (await this.#ask(this.#path, command, { timeoutMs })).toString("utf8");
    } catch (error) {
      const isLate = error instanceof AgentError && error.code === "unavailable";
      if (isLate || NOT_YET.has(systemErrorCode(error) ?? "")) return undefined;
      throw error;
    }
  }
}
