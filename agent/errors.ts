/** The agent's error vocabulary: one code table, one class, shared by every layer. */

/**
 * HTTP status of each code. Only statuses that the controller raises on may appear here: it takes
 * 413, 415, 422 or 502 for success (docs/contract/rest-api.md, 1.3 and 3.3).
 */
const STATUS = {
  invalidInput: 400,
  notFound: 404,
  conflict: 409,
  commandFailed: 500,
  internal: 500,
  unavailable: 503,
} as const;

export type ErrorCode = keyof typeof STATUS;

/** JSON body of an error that a handler produces itself (docs/contract/rest-api.md, 1.3). */
export interface HandlerErrorBody {
  readonly message?: string;
  readonly details?: string;
}

/** JSON body of a routing error, a rejected JSON body or an uncaught exception (rest-api.md, 1.3). */
export interface FrameworkErrorBody {
  readonly error: string;
  readonly http_code: number;
}

export class AgentError extends Error {
  override readonly name: string = "AgentError";
  readonly code: ErrorCode;
  /** What the failing program said; sent to the controller, never holds key material. */
  readonly details: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }

  get status(): number {
    return STATUS[this.code];
  }

  /** The body on the wire; routes whose shape differs override it. */
  get body(): HandlerErrorBody | FrameworkErrorBody {
    return this.details === undefined
      ? { message: this.message }
      : { message: this.message, details: this.details };
  }
}

/**
 * A rejected request body on a JSON route. The contract gives all reasons one text and the
 * framework's shape (docs/contract/rest-api.md, 1.3), so the real reason goes to the log only.
 */
export class RejectedBodyError extends AgentError {
  override readonly name = "RejectedBodyError";
  readonly description: string;

  /** @param description - wire text, for example `Invalid subnet information` */
  constructor(description: string, reason: string, options: { cause?: unknown } = {}) {
    super("invalidInput", reason, options);
    this.description = description;
  }

  override get body(): FrameworkErrorBody {
    return { error: `400 Bad Request: ${this.description}`, http_code: 400 };
  }
}

/** The 404 of both plug routes, which has no `message`; the controller retries on its text (rest-api.md, 3.2). */
export class NoSuitableInterfaceError extends AgentError {
  override readonly name = "NoSuitableInterfaceError";

  constructor(macAddress: string) {
    super("notFound", `no interface on this machine has the MAC address ${macAddress}`);
  }

  override get body(): HandlerErrorBody {
    return { details: "No suitable network interface found" };
  }
}

/** The image lacks a script that an LVS listener needs; the framework's shape (docs/contract/rest-api.md, 1.3). */
export class MissingCheckScriptError extends AgentError {
  override readonly name = "MissingCheckScriptError";

  constructor(script: string, listenerId: string, options: { cause?: unknown } = {}) {
    super("conflict", `${script} not Found for UDP Listener ${listenerId}`, options);
  }

  override get body(): FrameworkErrorBody {
    return { error: `409 Conflict: ${this.message}`, http_code: 409 };
  }
}

/**
 * Runs a step whose failure has a text of its own on the wire.
 * @throws AgentError `commandFailed` with that text, and the reason as `details`
 */
export async function failingAs<T>(message: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const cause = asError(error);
    const details = error instanceof AgentError ? (error.details ?? error.message) : cause.message;
    throw new AgentError("commandFailed", message, { details, cause });
  }
}

/** Any thrown value as an `Error`, for logging. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** The `code` of a Node system error (`ENOENT`, `EADDRINUSE`, ...), if there is one. */
export function systemErrorCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}
