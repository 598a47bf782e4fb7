/** Asks HAProxy's exporter (docs/contract/metrics.md, section 1). */
import { AgentError } from "../errors.ts";
import { Inlet } from "../system/inlet.ts";
import { AnswerParser } from "./parse-answer.ts";
import type { Question, Scrape } from "./types.ts";

const QUESTION = "GET /metrics HTTP/1.1\r\nhost: 127.0.0.1:9101\r\nconnection: close\r\n\r\n";
/** HAProxy gives the one who asks 5 s until the answer begins. */
const BEGIN_TIMEOUT_MS = 4_500;

/** @param port - of the exporter on this machine */
export function askExporter(port: number): Question {
  const inlet = new Inlet(port);
  const { promise: sent, resolve } = Promise.withResolvers<void>();
  inlet.write(QUESTION, resolve);
  const answer = answerOf(inlet);
  // It may fail before anybody waits for it.
  answer.catch(() => undefined);
  return { sent, answer, close: () => inlet.close(new Error("the one who asked has gone")) };
}

/** @throws whatever keeps the answer from beginning; its body throws when it breaks off */
async function answerOf(inlet: Inlet): Promise<Scrape> {
  const late = (): void => inlet.close(new AgentError("unavailable", "HAProxy does not begin to answer"));
  const timer = setTimeout(late, BEGIN_TIMEOUT_MS);
  try {
    const parser = new AnswerParser();
    let first: Buffer = Buffer.alloc(0);
    while (parser.status === undefined) first = await next(inlet, parser);
    return { status: parser.status, body: bodyOf(inlet, parser, first) };
  } catch (error) {
    inlet.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function* bodyOf(inlet: Inlet, parser: AnswerParser, first: Buffer): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  while (!parser.isDone) {
    const piece = await next(inlet, parser);
    if (piece.length > 0) yield piece;
  }
}

/** @returns bytes of the body that are valid until the next call */
async function next(inlet: Inlet, parser: AnswerParser): Promise<Buffer> {
  const bytes = await inlet.read();
  if (bytes) return parser.body(bytes);
  parser.end();
  return Buffer.alloc(0);
}
