/** A client of the API that reads answers to the byte: a new TLS connection per request, as controllers do. */
import { once } from "node:events";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface ApiClient {
  /** Sends a request; Content-Length is added when there is a body, nothing else is. */
  ask(method: string, path: string, options?: Ask): Promise<Answer>;
  /** Sends bytes as they are and returns what comes back until the server closes. */
  raw(bytes: string | Uint8Array): Promise<string>;
  connect(options?: ConnectionOptions): Promise<TLSSocket>;
}

/** @param host - `::1` unless given */
export function apiClient(port: number, identity: { pem: Buffer }, ca: Buffer, host = "::1"): ApiClient {
  const base: ConnectionOptions = {
    port,
    host,
    key: identity.pem,
    cert: identity.pem,
    ca,
    checkServerIdentity: () => undefined,
  };
  const open = async (options: ConnectionOptions = {}) => {
    const socket = connect({ ...base, ...options });
    await once(socket, "secureConnect");
    return socket;
  };
  const raw = async (bytes: string | Uint8Array) => {
    const socket = await open();
    socket.write(bytes);
    return readToEnd(socket);
  };
  return {
    connect: open,
    raw,
    async ask(method, path, { headers = {}, body } = {}) {
      const bytes = Buffer.from(body ?? "");
      const length: Record<string, string> =
        body === undefined ? {} : { "Content-Length": String(bytes.length) };
      const fields = Object.entries({ Host: "amphora", ...length, ...headers });
      const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
      const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`, "latin1");
      return parseAnswer(await raw(Buffer.concat([head, bytes])));
    },
  };
}

/** Everything until the other side closes, as Latin-1; a reset ends it too. */
export async function readToEnd(socket: TLSSocket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  // What arrived before a reset is what counts here.
  socket.on("error", () => socket.destroy());
  await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(chunks).toString("latin1");
}

export function parseAnswer(text: string): Answer {
  const end = text.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  return { status: Number(statusLine.split(" ")[1]), headers, body: text.slice(end + 4) };
}
