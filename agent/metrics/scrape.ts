/** Asks HAProxy's exporter (docs/contract/metrics.md, section 1). */
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { AgentError } from "../errors.ts";
import type { Scrape } from "./types.ts";

const EXPORTER = { host: "127.0.0.1:9101", path: "/metrics" };
/** HAProxy gives the one who asks 5 s until the answer begins. */
const BEGIN_TIMEOUT_MS = 4_500;

/**
 * @param connect - a connection to the exporter
 * @throws whatever keeps the answer from beginning; its body throws when it breaks off
 */
export async function scrapeExporter(connect: () => Socket, signal: AbortSignal): Promise<Scrape> {
  const { host, path } = EXPORTER;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), BEGIN_TIMEOUT_MS);
  const socket = connect();
  const asked = request({
    createConnection: () => socket,
    path,
    headers: { host, connection: "close" },
    signal: AbortSignal.any([signal, late.signal]),
  });
  // An error after the beginning is the body's as well.
  asked.on("error", () => undefined).end();
  try {
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    return { status: response.statusCode ?? 0, body: response };
  } catch (error) {
    if (late.signal.aborted) throw new AgentError("unavailable", "HAProxy does not begin to answer");
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
