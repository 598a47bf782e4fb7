/** Answers questions on a unix stream socket: one line in, one text out, as `ask` of unix-socket.ts has it. */
import { once } from "node:events";
import { chmod, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { asError } from "../errors.ts";

export interface UnixServer {
  /** Ends it, and what is being answered. */
  close(): Promise<void>;
}

export interface UnixServerOptions {
  readonly path: string;
  /** @throws what the other side is told in one line, behind `error: ` */
  readonly answer: (question: string) => Promise<string>;
}

const CONNECTIONS = 8;
const QUESTION_BYTES = 256;
const IDLE_TIMEOUT_MS = 10_000;
const OWNER_ONLY = 0o600;

/**
 * Takes the place of a socket that a killed program has left.
 * @throws the system error
 */
export async function serveUnixSocket({ path, answer }: UnixServerOptions): Promise<UnixServer> {
  await rm(path, { force: true });
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    // Who asked has gone.
    socket.on("error", () => socket.destroy());
    socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy());
    readLine(socket, (question) => {
      answer(question).then(
        (text) => socket.end(text),
        (error: unknown) => socket.end(`error: ${asError(error).message}\n`),
      );
    });
  });
  server.maxConnections = CONNECTIONS;
  server.listen(path);
  await once(server, "listening");
  await chmod(path, OWNER_ONLY);
  return {
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

function readLine(socket: Socket, found: (line: string) => void): void {
  let text = "";
  socket.setEncoding("latin1").on("data", function read(piece: string) {
    text += piece;
    const end = text.indexOf("\n");
    if (end === -1 && text.length <= QUESTION_BYTES) return;
    socket.off("data", read).resume();
    if (end === -1) socket.destroy();
    else found(text.slice(0, end));
  });
  socket.once("end", () => socket.end());
}
