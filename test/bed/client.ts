/** The controller's side of the REST API: one new mutual-TLS connection per request (docs/contract/rest-api.md, 3.1). */
import { request } from "node:https";
import { checkServerIdentity, connect, createSecureContext, type SecureContext } from "node:tls";
import type { AmphoraIdentities } from "./amphora.ts";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export class Client {
  readonly #address: string;
  readonly #amphoraId: string;
  readonly #secureContext: SecureContext;
  readonly #port: number;

  constructor(address: string, identities: AmphoraIdentities, port = 9443) {
    this.#address = address;
    this.#port = port;
    this.#amphoraId = identities.amphoraId;
    this.#secureContext = createSecureContext({
      key: identities.client,
      cert: identities.client,
      ca: identities.authority,
      minVersion: "TLSv1.2",
      maxVersion: "TLSv1.2",
    });
  }

  /** @throws the system's error when no answer came, whatever its status would have been */
  async send(
    method: string,
    path: string,
    body?: string | Uint8Array | object,
    timeoutMs = 60_000,
  ): Promise<Answer> {
    const json = typeof body === "object" && !(body instanceof Uint8Array);
    const bytes = json ? JSON.stringify(body) : (body ?? "");
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const outgoing = request(
      {
        method,
        path,
        timeout: timeoutMs,
        createConnection: () =>
          connect({
            host: this.#address,
            port: this.#port,
            secureContext: this.#secureContext,
            checkServerIdentity: (_, certificate) => checkServerIdentity(this.#amphoraId, certificate),
          }),
        headers: {
          ...(json && { "Content-Type": "application/json" }),
          "Content-Length": Buffer.byteLength(bytes),
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.once("end", () =>
          resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        );
        incoming.once("error", reject);
      },
    );
    outgoing.once("error", reject);
    outgoing.once("timeout", () =>
      outgoing.destroy(new Error(`${method} ${path}: no answer within ${timeoutMs} ms`)),
    );
    outgoing.end(bytes);
    return promise;
  }

  /** @throws Error with the answer when its status is not `expected` */
  async expect(
    expected: number,
    method: string,
    path: string,
    body?: string | Uint8Array | object,
  ): Promise<string> {
    const answer = await this.send(method, path, body);
    if (answer.status !== expected) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    return answer.body;
  }
}
