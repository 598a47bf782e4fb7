/** Answers as values: what goes on the wire, encoded before the status line is sent. */

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * A JSON answer: compact, ASCII only, no charset (docs/contract/rest-api.md, 1.2).
 * @param etag - sent as it is, without quotes
 */
export function json(status: number, value: unknown, etag?: string): Reply {
  return reply(status, "application/json", Buffer.from(toAscii(JSON.stringify(value))), etag);
}

/** A stored file as text; only some routes send an ETag. */
export function text(bytes: Buffer, etag?: string): Reply {
  return reply(200, "text/plain; charset=UTF-8", bytes, etag);
}

/** Metrics in Prometheus's text format. */
export function exposition(metrics: string): Reply {
  return reply(200, "text/plain; version=0.0.4", Buffer.from(metrics));
}

/** Files in one, gzipped. */
export function archive(bytes: Buffer): Reply {
  return reply(200, "application/gzip", bytes);
}

/** The answer to OPTIONS: the methods of a path, in no particular order. */
export function allowed(methods: Iterable<string>): Reply {
  const { status, headers, body } = reply(200, "text/html; charset=utf-8", Buffer.alloc(0));
  return { status, headers: { ...headers, Allow: [...methods].join(", ") }, body };
}

function reply(status: number, contentType: string, body: Buffer, etag?: string): Reply {
  const headers = { "Content-Type": contentType, "Content-Length": String(body.length), Connection: "close" };
  return { status, headers: etag === undefined ? headers : { ...headers, ETag: etag }, body };
}

/** The framework escapes everything outside printable ASCII; a client that compares bytes sees no difference. */
function toAscii(encoded: string): string {
  return encoded.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
