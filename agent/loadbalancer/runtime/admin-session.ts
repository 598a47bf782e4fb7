/** A session with HAProxy's runtime API that has all rights, and ends in time. */
import { AgentError } from "../../errors.ts";
import type { HaproxyVersion } from "../../supervisor/types.ts";
import { readBootId, startTimeOf } from "../../system/processes.ts";
import { RuntimeSession } from "../../system/runtime-session.ts";
import { ask } from "../../system/unix-socket.ts";
import type { Command } from "./encode-commands.ts";
import type { Worker } from "./types.ts";

/** HAProxy's buffer for commands holds 16 kB. */
const MOST_AT_ONCE = 20;
const PAYLOAD_MS = 2_000;

export interface Identity {
  readonly worker: Worker;
  /** Of the program that the process was started from, whatever is installed now. */
  readonly version: HaproxyVersion;
}

export class AdminSession implements Disposable {
  readonly #path: string;
  readonly #session: RuntimeSession;
  readonly #timer: NodeJS.Timeout;

  /** @param timeoutMs - of the whole session */
  constructor(socket: string, timeoutMs: number) {
    this.#path = socket;
    this.#session = new RuntimeSession(socket);
    const late = new AgentError("unavailable", `HAProxy took more than ${timeoutMs} ms for its changes`);
    this.#timer = setTimeout(() => this.#session.close(late), timeoutMs);
  }

  /**
   * Who is at the other end.
   * @returns undefined for a worker that is being replaced, or cannot be told from another one
   * @throws the system error of the socket when nobody is there
   */
  async identify(): Promise<Identity | undefined> {
    const info = await this.ask("show info");
    const pid = Number(/^Pid: (\d+)$/m.exec(info)?.[1]);
    const [, major, minor] = /^Version: (\d+)\.(\d+)/m.exec(info) ?? [];
    if (!/^Stopping: 0$/m.test(info) || !Number.isSafeInteger(pid) || minor === undefined) return undefined;
    const startedAt = await startTimeOf(pid);
    if (startedAt === undefined) return undefined;
    const version = { major: Number(major), minor: Number(minor) };
    return { worker: { pid, startedAt, bootId: await readBootId() }, version };
  }

  /** @returns the answer, without the line ends around it */
  async ask(command: string): Promise<string> {
    const [answer] = await this.#session.ask([command]);
    return answer?.toString("utf8").trim() ?? "";
  }

  /** Over a connection of its own: with a payload a kept session would prompt for each line of it. */
  async askApart(command: string): Promise<string> {
    return (await ask(this.#path, command, { timeoutMs: PAYLOAD_MS })).toString("utf8").trim();
  }

  /** @throws AgentError `commandFailed` with HAProxy's words at the first answer that is not the expected one */
  async obey(commands: readonly Command[]): Promise<void> {
    for (let at = 0; at < commands.length; at += MOST_AT_ONCE) {
      const some = commands.slice(at, at + MOST_AT_ONCE);
      const answers = await this.#session.ask(some.map(({ text }) => text));
      for (const [index, { text, expected }] of some.entries()) {
        const said = answers[index]?.toString("utf8").trim() ?? "";
        if (!expected.test(said)) {
          throw new AgentError("commandFailed", `HAProxy refused "${text}"`, { details: said });
        }
      }
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#session.close();
  }
}

export function isSameWorker(one: Worker, other: Worker): boolean {
  return one.pid === other.pid && one.startedAt === other.startedAt && one.bootId === other.bootId;
}
