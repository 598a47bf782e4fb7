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
  const own = await standardOutput(options.pretty);
  // A stream's level would go on to hold back what a logger's later level lets through.
  const streams = [own, ...(options.also ?? [])].map((stream) => ({ level: "trace" as const, stream }));
  const destination = streams.length === 1 ? own : pino.multistream(streams);
  const children: Children = new Set();
  const logger = pino(
    {
      level: levelOf(options.debug),
      base: null,
      redact: SECRET_FIELDS,
      onChild: (child) => join(children, child),
    },
    destination,
  );
  families.set(logger, children);
  return logger;
}

/** Changes the level of a root logger and of every child that it has: pino gives a child its level for good. */
export function setDebug(logger: Logger, debug: boolean): void {
  for (const member of [logger, ...present(families.get(logger) ?? new Set())]) member.level = levelOf(debug);
}

type Children = Set<WeakRef<Logger>>;
const families = new WeakMap<Logger, Children>();

/** Children come and go; those that are gone are forgotten here. */
function join(children: Children, child: Logger): void {
  present(children);
  children.add(new WeakRef(child));
}

function present(children: Children): Logger[] {
  return [...children].flatMap((reference) => {
    const child = reference.deref();
    if (child === undefined) children.delete(reference);
    return child ?? [];
  });
}

function levelOf(debug: boolean): "debug" | "info" {
  return debug ? "debug" : "info";
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
