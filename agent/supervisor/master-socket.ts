/** What HAProxy's master process knows: which workers serve, and whether a reload worked. */
import { AgentError, systemErrorCode } from "../errors.ts";
import type { Ask } from "../system/unix-socket.ts";
import { type HaproxyProcesses, judgeReload, parseProcesses, saysReloadFailed } from "./parse-processes.ts";
import { waitFor } from "./wait-for.ts";

const ANSWER_TIMEOUT_MS = 2_000;

/** Conditions of a master that is being started or is starting itself again; others are real failures. */
const NOT_YET = new Set(["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE", "EAGAIN"]);

/** Throws when a HAProxy that is waited for has ended. */
type Guard = () => Promise<void>;

/** Each question ends with `quit`: the master, unlike a worker, would wait for another one. */
export class MasterSocket {
  readonly #path: string;
  readonly #ask: Ask;

  constructor(path: string, ask: Ask) {
    this.#path = path;
    this.#ask = ask;
  }

  /** @returns undefined when no master answers: none runs, or one that is just starting itself again */
  async processes(): Promise<HaproxyProcesses | undefined> {
    return parseProcesses((await this.#answer("show proc;quit")) ?? "");
  }

  /**
   * Waits until a worker serves.
   * @param signal - ends the waiting with its own reason
   * @param guard - throws when there is nothing to wait for any more
   * @returns what the master shows then
   */
  async untilUp(signal: AbortSignal, guard?: Guard): Promise<HaproxyProcesses> {
    return found(signal, async () => {
      await guard?.();
      const now = await this.processes();
      const [worker] = now?.workers ?? [];
      return worker !== undefined && (await this.#serves(worker)) ? now : undefined;
    });
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
   * Waits until a reload that was asked for has ended and a new worker serves.
   * @param before - the processes before it
   * @throws AgentError `commandFailed` when HAProxy goes on with the old configuration; what `guard` throws;
   * the signal's reason
   */
  async confirmReload(before: HaproxyProcesses, signal: AbortSignal, guard: Guard): Promise<void> {
    await found(signal, async () => {
      await guard();
      const now = await this.processes();
      const verdict = now ? judgeReload(before, now) : "pending";
      if (verdict === "failed") {
        throw new AgentError("commandFailed", "HAProxy goes on with its old configuration");
      }
      return verdict !== "pending" && (await this.#serves(verdict)) ? verdict : undefined;
    });
  }

  /** A worker that answers has read its configuration and runs its loop. */
  async #serves(worker: number): Promise<boolean> {
    return /^Uptime_sec:/m.test((await this.#answer(`@!${worker} show info;quit`)) ?? "");
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

async function found<T>(signal: AbortSignal, look: () => Promise<T | undefined>): Promise<T> {
  const seen = await waitFor(look, signal);
  if (seen === undefined) throw signal.reason;
  return seen;
}
