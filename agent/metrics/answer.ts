/** Requests for metrics, from HAProxy's exporter to the client (docs/contract/metrics.md, section 3). */
import { createServer, type Server, type Socket } from "node:net";
import { AgentError } from "../errors.ts";
import { Body } from "./body.ts";
import { encodeLoad } from "./encode-load.ts";
import { parseRequest, type ScrapeRequest } from "./parse-request.ts";
import { translate } from "./translation.ts";
import type { Exporter, MachineLoad } from "./types.ts";

export interface AnswerOptions {
  readonly readLoad: () => MachineLoad;
  /** Connects to the exporter; told of what goes wrong is who asks it. */
  readonly open: () => Exporter;
  /** Further lines, which follow HAProxy's; asked for while HAProxy answers. Never fails. */
  readonly readFigures?: () => Promise<string>;
  /** Told why an answer failed. */
  readonly onFailure: (error: unknown) => void;
}

/** For a request's head to come: HAProxy is the only client. */
const HEAD_TIMEOUT_MS = 5_000;
const LONGEST_HEAD = 16 * 1024;
const END_OF_HEAD = /\r?\n\r?\n/;
/** A server of one question for each connection, without what Node's own has beyond that: half of the time it takes. */
export function createScrapeServer(options: AnswerOptions): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => serve(socket, options));
}

function serve(socket: Socket, options: AnswerOptions): void {
  // While the question comes: a connection takes as long as all that is done with a short answer.
  const exporter = options.open();
  const timer = setTimeout(() => socket.destroy(), HEAD_TIMEOUT_MS);
  const leave = (): void => {
    clearTimeout(timer);
    exporter.close();
  };
  socket.on("error", leave).once("close", leave);
  let head = "";
  socket.on("data", function onData(bytes: Buffer) {
    head += bytes.toString("latin1");
    const isWhole = END_OF_HEAD.test(head);
    if (!isWhole && head.length <= LONGEST_HEAD) return;
    clearTimeout(timer);
    socket.off("data", onData).resume();
    void answer({ ...options, socket, exporter }, isWhole ? parseRequest(head) : undefined);
  });
}

interface Exchange extends AnswerOptions {
  readonly socket: Socket;
  readonly exporter: Exporter;
}

/** Never throws. A longer answer that fails half-way is broken off, which the client notices. */
async function answer(exchange: Exchange, request: ScrapeRequest | undefined): Promise<void> {
  const { socket, exporter, onFailure } = exchange;
  if (request?.method !== "GET") {
    exporter.close();
    refuse(socket, request ? "501 Not Implemented" : "400 Bad Request");
    return;
  }
  const body = new Body(socket, request);
  try {
    await send(exchange, body);
  } catch (error) {
    if (!socket.destroyed) onFailure(error);
    if (body.hasBegun) socket.resetAndDestroy();
    else refuse(socket, "502 Bad Gateway");
  } finally {
    exporter.close();
  }
}

async function send({ exporter, readLoad, readFigures }: Exchange, body: Body): Promise<void> {
  let figures: Promise<string> | undefined;
  const { status, body: exposition } = await exporter.ask(() => {
    // While HAProxy works on it.
    figures = readFigures?.();
    body.add(encodeLoad(readLoad()));
  });
  if (status < 200 || status > 299) {
    throw new AgentError("unavailable", `HAProxy answers a request for its metrics with status ${status}`);
  }
  let isLineOpen = false;
  for await (const block of translate(exposition)) {
    if (block === "") continue;
    isLineOpen = !block.endsWith("\n");
    body.add(block);
    if (body.isFull) await body.send();
  }
  body.add(ownLines(await figures, isLineOpen));
  body.end();
}

/** In the form of the rest: a character for each byte. */
function ownLines(text: string | undefined, isLineOpen: boolean): string {
  if (!text) return "";
  return `${isLineOpen ? "\n" : ""}${Buffer.from(text, "utf8").toString("latin1")}`;
}

function refuse(socket: Socket, status: string): void {
  socket.write(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`, "latin1");
  socket.destroySoon();
}
