/** What the sandbox and its actors, programs of their own in other namespaces, say to each other: JSON lines. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** Settings of a backend. */
export interface BackendSettings {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** Settings of the client. */
export interface ClientSettings {
  /** Hosts of URLs, asked in turn. */
  readonly hosts: readonly string[];
  readonly port: number;
  /** Milliseconds after which a request counts as failed. */
  readonly timeoutMs: number;
}

/** To the client. */
export type ClientCommand =
  /** Requests per second from now on, each on a new connection; `order` is how many such commands there were before. */
  | { readonly rate: number; readonly order: number }
  /** One request beside the load, not counted. */
  | { readonly probe: number; readonly host: string };

/** Counters since the client started; the maxima are of the time since the last report. */
export interface LoadReport {
  readonly rate: number;
  /** Of the last command that set the rate. */
  readonly order: number;
  readonly sent: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly inFlight: number;
  /** Good answers by the name of the backend that gave them. */
  readonly byBackend: Readonly<Record<string, number>>;
  /** Failures by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Longest time between two good answers, the time since the last one included. */
  readonly longestGapMs: number;
  readonly slowestMs: number;
}

export interface ProbeAnswer {
  readonly probe: number;
  /** HTTP status, or undefined when there was no answer. */
  readonly status?: number | undefined;
  /** Why there was none: `ECONNREFUSED`, `timeout`, ... */
  readonly reason?: string | undefined;
  readonly body?: string | undefined;
}

/** From the client. */
export type ClientMessage = { readonly report: LoadReport } | { readonly answer: ProbeAnswer };

/**
 * Calls `receive` for each JSON line until the stream ends.
 * @throws SyntaxError when a line is no JSON: both ends are this program, so that is a defect
 */
export async function readMessages<T>(stream: Readable, receive: (message: T) => void): Promise<void> {
  for await (const line of createInterface({ input: stream })) receive(JSON.parse(line) as T);
}

export function encodeMessage(message: ClientCommand | ClientMessage | "ready"): string {
  return `${JSON.stringify(message)}\n`;
}
