/** Bounds of what comes before a body: upstream's server has the same (docs/contract/rest-api.md, 1.1). */
import type { IncomingMessage } from "node:http";

const REQUEST_LINE = 4094;
const FIELD = 8190;
const FIELD_COUNT = 100;

/** Bytes that a request line and all header fields may have together. */
export const REQUEST_HEAD_LIMIT = REQUEST_LINE + FIELD_COUNT * FIELD;

type Head = Pick<IncomingMessage, "method" | "url" | "httpVersion" | "rawHeaders">;

/** @returns which limit a request exceeds, or undefined */
export function limitProblem({ method = "", url = "", httpVersion, rawHeaders }: Head): string | undefined {
  if (`${method} ${url} HTTP/${httpVersion}`.length > REQUEST_LINE) return "Request line too long";
  if (rawHeaders.length > 2 * FIELD_COUNT) return "Too many header fields";
  for (let index = 0; index < rawHeaders.length; index += 2) {
    // ": " and the end of the line count too.
    const size = `${rawHeaders[index]}: ${rawHeaders[index + 1]}\r\n`.length;
    if (size > FIELD) return "Header field too long";
  }
  return undefined;
}
