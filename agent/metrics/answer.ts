/** One request for metrics, from HAProxy's exporter to the client (docs/contract/metrics.md, section 3). */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { AgentError } from "../errors.ts";
import { encodeLoad } from "./encode-load.ts";
import { translate } from "./translation.ts";
import type { MachineLoad, Scrape } from "./types.ts";

export interface AnswerOptions {
  readonly readLoad: () => Promise<MachineLoad>;
  /** @throws when the exporter cannot be asked */
  readonly scrape: (signal: AbortSignal) => Promise<Scrape>;
  /** Further lines, which follow HAProxy's; asked for while HAProxy answers. Never fails. */
  readonly readFigures?: () => Promise<string>;
  /** Told why an answer failed. */
  readonly onFailure: (error: unknown) => void;
}

const HEADERS = {
  "cache-control": "no-cache",
  "content-type": "text/plain; version=0.0.4",
  connection: "close",
};
/** An answer up to this size is complete before any of it is sent, so that a failure can still be told. */
const HELD_BYTES = 256 * 1024;

/** Never throws. A longer answer that fails half-way is broken off, which its encoding lets the client notice. */
export async function answerScrape(
  request: IncomingMessage,
  response: ServerResponse,
  { readLoad, scrape, readFigures, onFailure }: AnswerOptions,
): Promise<void> {
  request.resume();
  if (request.method !== "GET") {
    response.writeHead(501, { connection: "close" }).end();
    return;
  }
  const gone = new AbortController();
  response.once("close", () => gone.abort(new Error("the client has gone")));
  try {
    const figures = readFigures?.();
    const answered = await scrape(gone.signal);
    await send(response, gone.signal, { lead: encodeLoad(await readLoad()), scrape: answered, figures });
  } catch (error) {
    if (!gone.signal.aborted) onFailure(error);
    if (response.headersSent) response.destroy();
    else response.writeHead(502, { connection: "close" }).end();
  }
}

interface Parts {
  readonly lead: string;
  readonly scrape: Scrape;
  readonly figures: Promise<string> | undefined;
}

async function send(
  response: ServerResponse,
  signal: AbortSignal,
  { lead, scrape: { status, body }, figures }: Parts,
): Promise<void> {
  if (status < 200 || status > 299) {
    throw new AgentError("unavailable", `HAProxy answers a request for its metrics with status ${status}`);
  }
  let held = lead;
  let isLineOpen = false;
  for await (const block of translate(body)) {
    held += block;
    if (block !== "") isLineOpen = !block.endsWith("\n");
    if (held.length <= HELD_BYTES && !response.headersSent) continue;
    if (!response.headersSent) response.writeHead(200, HEADERS);
    const flushed = response.write(held, "latin1");
    held = "";
    if (!flushed) await once(response, "drain", { signal });
  }
  held += await ownLines(figures, isLineOpen);
  if (!response.headersSent) response.writeHead(200, { ...HEADERS, "content-length": held.length });
  response.end(held, "latin1");
}

/** In the form of the rest: a character for each byte. */
async function ownLines(figures: Promise<string> | undefined, isLineOpen: boolean): Promise<string> {
  const text = await figures;
  if (!text) return "";
  return `${isLineOpen ? "\n" : ""}${Buffer.from(text, "utf8").toString("latin1")}`;
}
