/** The head of a request for metrics, as far as it matters (docs/contract/metrics.md, section 3: any path will do). */

export interface ScrapeRequest {
  readonly method: string;
  /** Whether the one who asks understands chunks: HTTP/1.0 does not. */
  readonly isChunkable: boolean;
}

/** @returns nothing when this is no head of HTTP/1 */
export function parseRequest(head: string): ScrapeRequest | undefined {
  const [, method, minor] = /^(?:\r?\n)*([!#-'*+.^-z|~A-Z0-9-]+) \S+ HTTP\/1\.(\d)\r?\n/.exec(head) ?? [];
  return method === undefined ? undefined : { method, isChunkable: minor !== "0" };
}
