/** The root logger: JSON lines for journald, readable lines on a terminal. */
import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Log fields that may carry secrets, wherever they appear. */
const SECRET_FIELDS = ["heartbeatKey", "heartbeat_key", "key", "pem", "*.heartbeatKey", "*.pem"];

export interface LoggerOptions {
  readonly debug: boolean;
  /** Human-readable lines in place of JSON. */
  readonly pretty: boolean;
  /** Further destinations for the same lines, for example syslog. */
  readonly also?: readonly DestinationStream[];
}

/** @returns a logger that writes to standard output and to every further destination */
export async function createLogger(options: LoggerOptions): Promise<Logger> {
  const level = options.debug ? "debug" : "info";
  const streams = [
    { level, stream: await standardOutput(options.pretty) },
    ...(options.also ?? []).map((stream) => ({ level, stream })),
  ] as const;
  const [only] = streams;
  const destination = streams.length === 1 ? only.stream : pino.multistream([...streams]);
  return pino({ level, base: null, redact: SECRET_FIELDS }, destination);
}

async function standardOutput(pretty: boolean): Promise<DestinationStream> {
  if (!pretty) return pino.destination({ fd: 1, sync: false });
  const { default: prettyPrinter } = await import("pino-pretty");
  return prettyPrinter({ colorize: true, ignore: "pid,hostname" });
}

/** For commands whose standard output is for the result: what is worth a person's attention, on standard error. */
export function createCommandLogger(): Logger {
  return pino({ level: "warn", base: null, redact: SECRET_FIELDS }, pino.destination({ fd: 2, sync: true }));
}
