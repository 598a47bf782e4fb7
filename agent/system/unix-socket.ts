/** One question to a program that answers on a unix stream socket, such as HAProxy's runtime API. */
import { connect } from "node:net";
import { AgentError } from "../errors.ts";

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
  const chunks: Buffer[] = [];
  let size = 0;
  const socket = connect({ path });
  const fail = (reason: unknown): void => {
    reject(reason);
    socket.destroy();
  };
  const timer = setTimeout(
    () => fail(new AgentError("unavailable", `no complete answer from ${path} within ${timeoutMs} ms`)),
    timeoutMs,
  );
  const onAbort = (): void => fail(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  socket.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes)
      return fail(new AgentError("unavailable", `answer of ${path} exceeds ${maxBytes} bytes`));
    chunks.push(chunk);
  });
  socket.on("end", () => resolve(Buffer.concat(chunks, size)));
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
