/** One question to a program that answers on a unix stream socket, such as HAProxy's runtime API. */
import { connect } from "node:net";
import { AgentError } from "../errors.ts";
import { AnswerBuffer } from "./answer-buffer.ts";

export interface AskOptions {
  /** Milliseconds from connecting to the end of the answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Longest answer that is accepted; 64 MiB unless given. */
  readonly maxBytes?: number | undefined;
}

/** Sends one command and hands back the whole answer. */
export type Ask = (path: string, command: string, options: AskOptions) => Promise<Buffer>;

const LONGEST_ANSWER = 64 * 1024 * 1024;

/**
 * Connects, sends `command` and a newline, and reads until the other side closes
 * (docs/contract/heartbeat.md, section 4; HAProxy management guide, "Unix Socket commands": in
 * non-interactive mode one line is processed, then the connection is closed).
 *
 * @returns every byte of the answer; never a part of it
 * @throws the system error of a failed connection (`ENOENT`, `ECONNREFUSED`, ...), AgentError `unavailable`
 * when the answer is late or too long, the abort signal's own reason
 */
export const ask: Ask = async (path, command, options) => {
  const { timeoutMs, signal, maxBytes = LONGEST_ANSWER } = options;
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const answer = new AnswerBuffer();
  const socket = connect({
    path,
    onread: {
      buffer: () => answer.room(),
      callback: (bytes) => {
        answer.filled(bytes);
        if (answer.size > maxBytes) fail(unavailable(`the answer of ${path} exceeds ${maxBytes} bytes`));
        return true;
      },
    },
  });
  const fail = (reason: unknown): void => {
    reject(reason);
    socket.destroy();
  };
  const timer = setTimeout(
    () => fail(unavailable(`no complete answer from ${path} within ${timeoutMs} ms`)),
    timeoutMs,
  );
  const onAbort = (): void => fail(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  socket.on("end", () => resolve(answer.whole()));
  socket.on("error", reject);
  socket.write(`${command}\n`);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    socket.destroy();
  }
};

function unavailable(message: string): AgentError {
  return new AgentError("unavailable", message);
}
