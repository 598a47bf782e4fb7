/** Sends the fuzzer's requests: bytes as they are, over mutual TLS or without. */
import { connect as connectPlain, type Socket } from "node:net";
import { connect, createSecureContext, type SecureContext } from "node:tls";
import type { FuzzRequest } from "./fuzz-requests.ts";

const HOST = "127.0.0.1";
const PORT = 9443;
/** An answer takes up to 55 s; whoever stops in the middle is answered earlier. */
const DEADLINE_MS = 58_000;

export class FuzzClient {
  readonly #secureContext: SecureContext;

  constructor({ pem }: { readonly pem: Buffer }) {
    this.#secureContext = createSecureContext({ key: pem, cert: pem });
  }

  /** @returns what came back until the server closed, as Latin-1 @throws Error when it does not close */
  async send(request: FuzzRequest): Promise<string> {
    const socket = request.manner === "plain" ? connectPlain(PORT, HOST) : this.#connect();
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    // The server may reset whom it has answered; the answer is what counts.
    socket.on("error", () => socket.destroy());
    const closed = new Promise((resolve) => socket.once("close", resolve));
    const timer = setTimeout(() => socket.destroy(new Error("deadline")), DEADLINE_MS).unref();
    const sent = performance.now();
    if (request.manner === "vanishing") socket.write(request.bytes, () => socket.destroy());
    else if (request.manner === "http") socket.write(request.bytes);
    else socket.end(request.bytes);
    await closed;
    clearTimeout(timer);
    if (performance.now() - sent >= DEADLINE_MS) throw new Error("the connection stays open");
    return Buffer.concat(chunks).toString("latin1");
  }

  #connect(): Socket {
    // Any server certificate will do: they are replaced all the time.
    return connect({
      host: HOST,
      port: PORT,
      secureContext: this.#secureContext,
      rejectUnauthorized: false,
    });
  }
}
