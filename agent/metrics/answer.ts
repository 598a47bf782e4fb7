/** Requests for metrics, from HAProxy's exporter to the client (docs/contract/metrics.md, section 3). */
import { createServer, type Server, type Socket } from "node:net";
import { AgentError } from "../errors.ts";
import { Body } from "./body.ts";
import { encodeLoad } from "./encode-load.ts";
import { parseRequest, type ScrapeRequest } from "./parse-request.ts";
import { Translation } from "./translation.ts";
import type { MachineLoad, Question } from "./types.ts";

export interface AnswerOptions {
  readonly readLoad: () => MachineLoad;
  /** Puts the question to the exporter. */
  readonly ask: () => Question;
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
  return createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => serve(socket, options));
}

function serve(socket: Socket, options: AnswerOptions): void {
  // Whoever connects wants metrics, and HAProxy can begin before the request is read.
  const question = options.ask();
  let timer: NodeJS.Timeout | undefined;
  // All that can wait does so until HAProxy works.
  void question.sent.then(() => {
    if (socket.destroyed) return;
    timer = setTimeout(() => socket.destroy(), HEAD_TIMEOUT_MS);
    socket.setNoDelay().resume();
  });
  const leave = (): void => {
    clearTimeout(timer);
    question.close();
  };
  socket.on("error", leave).once("close", leave);
  let head = "";
  socket.on("data", function onData(bytes: Buffer) {
    head += bytes.toString("latin1");
    const isWhole = END_OF_HEAD.test(head);
    if (!isWhole && head.length <= LONGEST_HEAD) return;
    clearTimeout(timer);
    socket.off("data", onData).resume();
    void answer({ ...options, socket, question }, isWhole ? parseRequest(head) : undefined);
  });
}

interface Exchange extends AnswerOptions {
  readonly socket: Socket;
  readonly question: Question;
}

/** Never throws. A longer answer that fails half-way is broken off, which the client notices. */
async function answer(exchange: Exchange, request: ScrapeRequest | undefined): Promise<void> {
  const { socket, question, onFailure } = exchange;
  if (request?.method !== "GET") {
    question.close();
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
    question.close();
  }
}

async function send({ question, readLoad, readFigures }: Exchange, body: Body): Promise<void> {
  // While HAProxy works on it, and not before: the other thread is in the way of both.
  const figures = readFigures && question.sent.then(readFigures);
  body.add(encodeLoad(readLoad()));
  const { status, body: exposition } = await question.answer;
  if (status < 200 || status > 299) {
    throw new AgentError("unavailable", `HAProxy answers a request for its metrics with status ${status}`);
  }
  const translation = new Translation(body);
  for await (const piece of exposition) {
    translation.add(piece);
    if (body.isFull) await body.send();
  }
  translation.end();
  const text = await figures;
  if (text) body.add(Buffer.from(`${body.isLineOpen ? "\n" : ""}${text}`, "utf8"));
  body.end();
}

function refuse(socket: Socket, status: string): void {
  socket.write(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`, "latin1");
  socket.destroySoon();
}
