/** One log line per request. */
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { AgentError, asError } from "../errors.ts";
import type { Logger } from "../system/logger.ts";
import type { Reply } from "./reply.ts";

/** Longer paths and messages are cut: both come from outside. */
const TEXT_LIMIT = 300;
const LOOKS = new Set(["GET", "HEAD", "OPTIONS"]);

export interface Outcome {
  readonly durationMs: number;
  /** What was thrown, or undefined. */
  readonly failure: unknown;
}

/**
 * Logs an answered request: failures of the agent as errors, refused requests and changes as information,
 * looks only when debugging.
 */
export function logRequest(
  logger: Logger,
  request: IncomingMessage & { originalUrl: string },
  reply: Reply,
  { durationMs, failure }: Outcome,
): void {
  const level = levelOf(request.method ?? "", reply.status);
  if (!logger.isLevelEnabled(level)) return;
  const fields = {
    method: request.method,
    path: request.originalUrl.slice(0, TEXT_LIMIT),
    status: reply.status,
    durationMs: Math.round(durationMs * 10) / 10,
    bytes: reply.body.length,
    client: clientOf(request),
    ...reasonOf(reply.status, failure),
  };
  if (level === "error") logger.error({ event: "api.request.failed", ...fields }, "request failed");
  else if (reply.status >= 400) logger.info({ event: "api.request.refused", ...fields }, "request refused");
  else logger[level]({ event: "api.request.done", ...fields }, "request answered");
}

function levelOf(method: string, status: number): "debug" | "info" | "error" {
  if (status >= 500) return "error";
  return status < 400 && LOOKS.has(method) ? "debug" : "info";
}

/** The subject of the client's certificate. */
function clientOf({ socket }: IncomingMessage): string | undefined {
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.subject : undefined;
}

function reasonOf(status: number, failure: unknown): object {
  if (failure === undefined) return {};
  if (status >= 500) return { err: asError(failure) };
  const { message, details } = failure instanceof AgentError ? failure : { ...asError(failure), details: "" };
  return { reason: message.slice(0, TEXT_LIMIT), ...(details && { details: details.slice(0, TEXT_LIMIT) }) };
}
