/** The HTTPS server of the REST API: mutual TLS, one request per connection, bounds on everything. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server, type ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import type { Config } from "../config/types.ts";
import { asError } from "../errors.ts";
import type { Logger } from "../system/logger.ts";
import { LINGER_MS } from "./answer.ts";
import { createApplication, type OnAnswer } from "./application.ts";
import { badRequestReply } from "./error-mapper.ts";
import { limitHandshakes, logRefusedHandshakes } from "./handshakes.ts";
import { REQUEST_HEAD_LIMIT } from "./request-limits.ts";
import { readIdentity, rereadIdentity, tlsOptions, watchIdentity } from "./server-identity.ts";
import type { Agent } from "./types.ts";

export interface ApiServerOptions {
  readonly config: Config;
  readonly agent: Agent;
  readonly logger: Logger;
  /** Called for each request. */
  readonly onRequest?: () => void;
  readonly onAnswer?: OnAnswer;
}

export interface ApiServer {
  readonly address: AddressInfo;
  /**
   * Makes connections from now on use the key and certificates that are on disk. Changes of the files are
   * noticed without it, some milliseconds later. Authorities that cannot be used are logged, and the old ones stay.
   * @throws the system or OpenSSL error of the server's own file; the old key and certificates then stay in use
   */
  reloadIdentity(): Promise<void>;
  /** Ends what waits or idles, gives running work ten seconds to end, then closes what is left. */
  stop(): Promise<void>;
}

/** Strangers reach the port too: so many of them at once, before the one that waits for longest is dropped. */
const HANDSHAKE_LIMIT = 1_500;
const CONNECTION_LIMIT = 3_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
/**
 * Only peers with an accepted certificate are asked for a head. One that connected early, and asks later, must not be
 * cut off: a controller takes that for a failure.
 */
const HEAD_TIMEOUT_MS = 60_000;
/** How late a request may be ended that takes too long. Each look wakes an agent that nobody asks anything. */
const CHECK_INTERVAL_MS = 15_000;
/** A silent connection is ended, but not while a change may still be working for it. */
const IDLE_TIMEOUT_MINIMUM_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const FLUSH_TIMEOUT_MS = 1_000;

/**
 * Listens on the configured address and serves the API until stopped.
 * @throws system errors of the files and of the address (`ENOENT`, `EADDRINUSE`, ...), OpenSSL's of the certificate
 * @see docs/contract/rest-api.md, 1.1, and section 7, rows 10, 11 and 33
 */
export async function startServer({
  config,
  agent,
  logger,
  onRequest,
  onAnswer = () => undefined,
}: ApiServerOptions): Promise<ApiServer> {
  const files = { server: config.agentServerCert, clientCa: config.agentServerCa };
  let identity = await readIdentity(files);
  const application = createApplication(agent, logger, onAnswer);
  const server = createServer(
    { ...limits(config), ...tlsOptions(config.agentTlsProtocol, identity) },
    application.listener,
  );
  // Whatever a client expects, the answer is the usual one: it would take Node's 417 for success.
  server.on("checkExpectation", application.listener);
  if (onRequest) server.on("request", onRequest);
  // Without it a client could have a second request worked on, whose answer it can never get.
  server.maxRequestsPerSocket = 1;
  server.maxConnections = CONNECTION_LIMIT;
  server.setTimeout(Math.max(readTimeoutMs(config), IDLE_TIMEOUT_MINIMUM_MS));
  const dropHandshakes = limitHandshakes(server, HANDSHAKE_LIMIT);
  logRefusedHandshakes(server, logger);
  refuseBadRequests(server, logger);
  await listen(server, config);

  const reloadIdentity = oneAfterTheOther(async () => {
    const { identity: next, serverProblem, clientCaProblem } = await rereadIdentity(files, identity);
    server.setSecureContext(tlsOptions(config.agentTlsProtocol, next));
    identity = next;
    if (clientCaProblem) {
      const fields = { event: "tls.authorities.rejected", file: files.clientCa, err: clientCaProblem };
      logger.error(fields, "clients' authorities on disk cannot be used, the old ones stay in use");
    }
    if (serverProblem) throw serverProblem;
  });
  const stopWatching = watchIdentity(files, () => void afterEdit(reloadIdentity, logger), logger);
  return {
    address: addressOf(server),
    reloadIdentity,
    async stop() {
      stopWatching();
      const closed = once(server, "close");
      server.close();
      dropHandshakes();
      await Promise.race([application.idle(), delay(STOP_TIMEOUT_MS, undefined, { ref: false })]);
      await Promise.race([closed, delay(FLUSH_TIMEOUT_MS, undefined, { ref: false })]);
      server.closeAllConnections();
      await closed;
    },
  };
}

function limits(config: Config): ServerOptions {
  const requestTimeout = readTimeoutMs(config);
  return {
    maxHeaderSize: REQUEST_HEAD_LIMIT,
    requireHostHeader: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    headersTimeout: Math.min(HEAD_TIMEOUT_MS, requestTimeout),
    // From the first byte to the last one of the body, so that a trickle does not last for ever.
    requestTimeout,
    connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, requestTimeout / 2),
  };
}

function readTimeoutMs(config: Config): number {
  return config.agentRequestReadTimeoutSeconds * 1_000;
}

/** Answers what is not HTTP, or came too slowly, in place of Node's 408 and 431, which mean success to the controller. */
function refuseBadRequests(server: Server, logger: Logger): void {
  const responses = new WeakMap<Socket, ServerResponse>();
  const remember = (request: IncomingMessage, response: ServerResponse) => {
    responses.set(request.socket, response);
  };
  server.prependListener("request", remember);
  server.prependListener("checkExpectation", remember);
  const { status, headers, body } = badRequestReply("Invalid HTTP request");
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const raw = `HTTP/1.1 ${status} Bad Request\r\n${fields.join("")}\r\n${body.toString()}`;
  const refused = new WeakSet<Socket>();
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    // The rest of what was refused: Node looks at every piece of it.
    if (refused.has(socket)) return;
    refused.add(socket);
    // Nothing may be said to a peer whose certificate was not accepted.
    const authorized = socket instanceof TLSSocket && socket.authorized;
    if (!authorized || !socket.writable) {
      socket.destroy();
      return;
    }
    // A client that ends, or sends nonsense, behind a refused head: the rest of the refusal is still to be sent.
    if (responses.get(socket)?.headersSent === true) {
      endGently(socket);
      return;
    }
    endGently(socket, raw);
    const fields = {
      event: "api.request.malformed",
      reason: error.code,
      remoteAddress: socket.remoteAddress,
    };
    logger.info(fields, "no complete request in time, or not HTTP");
  });
}

/**
 * Says the last words and reads on for a moment: a connection that is closed over unread bytes is reset, and the
 * reset may overtake the words (RFC 9112, 9.6).
 */
function endGently(socket: Socket, words = ""): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
  // Closes by itself once the words are written and the client has ended.
  socket.on("data", () => undefined);
  socket.end(words);
}

async function listen(server: Server, { bindHost, bindPort }: Config): Promise<void> {
  server.listen({ host: bindHost, port: bindPort, ipv6Only: false });
  await once(server, "listening");
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no address");
  return address;
}

/** Two reloads at once might end in the wrong order, with the older content in use. */
function oneAfterTheOther(reload: () => Promise<void>): () => Promise<void> {
  let last = Promise.resolve();
  return () => {
    last = last.then(reload, reload);
    return last;
  };
}

async function afterEdit(reloadIdentity: () => Promise<void>, logger: Logger): Promise<void> {
  try {
    await reloadIdentity();
    logger.info({ event: "tls.identity.reloaded" }, "new connections use the certificates on disk");
  } catch (error) {
    const fields = { event: "tls.identity.rejected", err: asError(error) };
    logger.error(fields, "key and certificates on disk cannot be used, the old ones stay in use");
  }
}
