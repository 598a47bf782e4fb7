/** Puts a reply on the wire, also when the client is still sending. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Reply } from "./reply.ts";

/** How long, and how many bytes, an answered client may go on sending before its connection is cut. */
export const LINGER_MS = 1_000;
const LINGER_BYTES = 16 * 1024 * 1024;

/**
 * Sends a reply and closes the connection. A client that is in the middle of a body gets the complete
 * reply first: closing a connection with unread bytes resets it, and the reply might be lost with it.
 */
export function answer(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(reply.status, reply.headers);
  if (!hasUnreadBody(request)) {
    response.end(reply.body);
    return;
  }
  response.flushHeaders();
  if (reply.body.length > 0) response.write(reply.body);
  discardRest(request, () => response.end());
}

function hasUnreadBody({ complete, headers }: IncomingMessage): boolean {
  if (complete) return false;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function discardRest(request: IncomingMessage, done: () => void): void {
  let discarded = 0;
  const finish = () => {
    clearTimeout(timer);
    request.off("data", count).pause();
    done();
  };
  const count = (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > LINGER_BYTES) finish();
  };
  const timer = setTimeout(finish, LINGER_MS);
  // "close" follows "end" and errors alike.
  request.on("data", count).once("close", finish);
}
