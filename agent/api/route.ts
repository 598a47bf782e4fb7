/** What a route is, and the kinds of them that there are. */
import { hash } from "node:crypto";
import type { ExpectedDocument } from "./document-body.ts";
import type { Reply } from "./reply.ts";

/** One request, as far as a handler sees it. */
export interface Call {
  /** A segment of the path, decoded and otherwise as the client sent it. */
  param(name: string): string;
  /** Of a raw body, as received; empty on other routes. */
  readonly bytes: Buffer;
  /** The same, or what was rendered from it when it was a document. */
  readonly config: Buffer;
  /** Of a JSON body; undefined when there was none or it did not parse. */
  readonly json: unknown;
}

export interface Route {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  /** `none` ignores what a client may send. */
  readonly body: "none" | "raw" | "json";
  /** Longest body, in bytes. */
  readonly limit: number;
  /** Milliseconds until the client gets an answer, whether the work has ended or not. */
  readonly deadline: number;
  /** The document that a raw body may be in place of text. */
  document?(call: Pick<Call, "param">): ExpectedDocument;
  answer(call: Call): Promise<Reply>;
}

const KIB = 1024;
const MIB = 1024 * KIB;
/** The largest configuration, 500 listeners with 5,000 members, has 2 to 3 MB: room for three times that. */
export const HAPROXY_CONFIG = 8 * MIB;
/** The controller gives up after 60 s and sends the request once more (docs/contract/rest-api.md, 3.2). */
const LOOK = 20_000;
const CHANGE = 55_000;
/** For a look at everything, which takes some seconds on an amphora that works. */
export const EXAMINES = CHANGE;

export const OK = { message: "OK" };
export const md5 = (bytes: Buffer) => hash("md5", bytes);
export const reads = { method: "GET", body: "none", limit: 0, deadline: LOOK } as const;
export const deletes = { method: "DELETE", body: "none", limit: 0, deadline: CHANGE } as const;
export const acts = { method: "PUT", body: "none", limit: 0, deadline: CHANGE } as const;
export const uploads = { method: "PUT", body: "raw", limit: MIB, deadline: CHANGE } as const;
export const plugs = { method: "POST", body: "json", limit: MIB, deadline: CHANGE } as const;
