/** Requests for metrics, from HAProxy's exporter to the client (docs/contract/metrics.md, section 3). */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { AgentError } from "../errors.ts";
import { encodeLoad } from "./encode-load.ts";
import { parseRequest, type ScrapeRequest } from "./parse-request.ts";
import { translate } from "./translation.ts";
import type { MachineLoad, Scrape } from "./types.ts";

export interface AnswerOptions {
  readonly readLoad: () => MachineLoad;
  /** @throws when the exporter cannot be asked */
  readonly scrape: (signal: AbortSignal) => Promise<Scrape>;
  /** Further lines, which follow HAProxy's; asked for while HAProxy answers. Never fails. */
  readonly readFigures?: () => Promise<string>;
  /** Told why an answer failed. */
  readonly onFailure: (error: unknown) => void;
}

/** For a request's head to come: HAProxy is the only client. */
const HEAD_TIMEOUT_MS = 5_000;
const LONGEST_HEAD = 16 * 1024;
const END_OF_HEAD = /\r?\n\r?\n/;
/** An answer up to this size is complete before any of it is sent, so that a failure can still be told. */
const HELD_BYTES = 256 * 1024;

const OK = "HTTP/1.1 200 OK\r\ncache-control: no-cache\r\ncontent-type: text/plain; version=0.0.4\r\n";
const CLOSE = "connection: close\r\n\r\n";

/** A server of one question for each connection, without what Node's own has beyond that: half of the time it takes. */
export function createScrapeServer(options: AnswerOptions): Server {
  return createServer({ allowHalfOpen: true }, (socket) => serve(socket, options));
}

function serve(socket: Socket, options: AnswerOptions): void {
  const timer = setTimeout(() => socket.destroy(), HEAD_TIMEOUT_MS);
  const gone = new AbortController();
  const leave = (): void => {
    clearTimeout(timer);
    gone.abort(new Error("the client has gone"));
  };
  socket.on("error", leave).once("close", leave);
  let head = "";
  socket.setEncoding("latin1").on("data", function onData(text: string) {
    head += text;
    const isWhole = END_OF_HEAD.test(head);
    if (!isWhole && head.length <= LONGEST_HEAD) return;
    clearTimeout(timer);
    socket.off("data", onData).resume();
    void answer({ socket, gone: gone.signal, ...options }, isWhole ? parseRequest(head) : undefined);
  });
}

interface Exchange extends AnswerOptions {
  readonly socket: Socket;
  readonly gone: AbortSignal;
}

/** Never throws. A longer answer that fails half-way is broken off, which the client notices. */
async function answer(exchange: Exchange, request: ScrapeRequest | undefined): Promise<void> {
  const { socket, gone, scrape, readFigures, onFailure } = exchange;
  if (request?.method !== "GET") {
    const status = request ? "501 Not Implemented" : "400 Bad Request";
    finish(socket, `HTTP/1.1 ${status}\r\ncontent-length: 0\r\n${CLOSE}`);
    return;
  }
  const body = new Body(socket, gone, request);
  try {
    const figures = readFigures?.();
    await send(exchange, body, await scrape(gone), figures);
  } catch (error) {
    if (!gone.aborted) onFailure(error);
    if (body.hasBegun) socket.resetAndDestroy();
    else finish(socket, `HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n${CLOSE}`);
  }
}

async function send(
  { readLoad }: Exchange,
  body: Body,
  { status, body: exposition }: Scrape,
  figures: Promise<string> | undefined,
): Promise<void> {
  if (status < 200 || status > 299) {
    throw new AgentError("unavailable", `HAProxy answers a request for its metrics with status ${status}`);
  }
  let isLineOpen = false;
  let held = encodeLoad(readLoad());
  for await (const block of translate(exposition)) {
    held += block;
    if (block !== "") isLineOpen = !block.endsWith("\n");
    if (held.length <= HELD_BYTES && !body.hasBegun) continue;
    await body.write(held);
    held = "";
  }
  body.end(held + (await ownLines(figures, isLineOpen)));
}

/** In the form of the rest: a character for each byte. */
async function ownLines(figures: Promise<string> | undefined, isLineOpen: boolean): Promise<string> {
  const text = await figures;
  if (!text) return "";
  return `${isLineOpen ? "\n" : ""}${Buffer.from(text, "utf8").toString("latin1")}`;
}

/** The body of an answer of status 200, with its head, in characters that stand for bytes. */
class Body {
  readonly #socket: Socket;
  readonly #gone: AbortSignal;
  readonly #isChunked: boolean;
  hasBegun = false;

  constructor(socket: Socket, gone: AbortSignal, { isChunkable }: ScrapeRequest) {
    this.#socket = socket;
    this.#gone = gone;
    this.#isChunked = isChunkable;
  }

  /** Settles when there is room for more. @throws when the client has gone */
  async write(text: string): Promise<void> {
    this.#gone.throwIfAborted();
    let head = "";
    if (!this.hasBegun) head = `${OK}${this.#isChunked ? "transfer-encoding: chunked\r\n" : ""}${CLOSE}`;
    this.hasBegun = true;
    const isFlushed = this.#socket.write(head + this.#framed(text), "latin1");
    if (!isFlushed) await once(this.#socket, "drain", { signal: this.#gone });
  }

  end(text: string): void {
    if (this.hasBegun) finish(this.#socket, `${this.#framed(text)}${this.#isChunked ? "0\r\n\r\n" : ""}`);
    else finish(this.#socket, `${OK}content-length: ${text.length}\r\n${CLOSE}${text}`);
    this.hasBegun = true;
  }

  #framed(text: string): string {
    if (!this.#isChunked || text === "") return text;
    return `${text.length.toString(16)}\r\n${text}\r\n`;
  }
}

function finish(socket: Socket, text: string): void {
  socket.write(text, "latin1");
  socket.destroySoon();
}
