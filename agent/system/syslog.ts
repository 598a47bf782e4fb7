/**
 * The log's way to syslog. Node cannot open a unix datagram socket, so one long-lived logger(1)
 * carries the lines; it is started only where the configuration asks for syslog.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { DestinationStream } from "pino";
import { isPresent } from "./files.ts";

export interface SyslogStream extends DestinationStream {
  /** Lets what was written arrive, and sends no more. */
  close(): void;
}

export interface SyslogOptions {
  /** Facility keyword as logger(1) knows it, for example `local1`. */
  readonly facility: string;
  /** Datagram socket to write to; the machine's default one where this does not exist. */
  readonly socket: string;
  readonly tag: string;
}

/** Bytes that may wait for a slow syslog before lines are dropped. */
const BACKLOG_LIMIT = 1 << 20;
/** While the machine boots, syslog may come later than we do: lines wait that long for its socket. */
const SOCKET_WAIT_MS = 10_000;
const SOCKET_POLL_MS = 250;
/** Lines that may wait for it. */
const EARLY_LIMIT = 1_000;
const RESTART_DELAY_MS = 5_000;

/** syslog severity of each pino level (RFC 5424, table 2). */
const SEVERITIES: Readonly<Record<string, number>> = { 10: 7, 20: 7, 30: 6, 40: 4, 50: 3, 60: 2 };
const INFORMATIONAL = 6;

/** Facility numbers (RFC 5424, table 1); `--prio-prefix` wants the number, not the word. */
export function facilityNumber(facility: string): number {
  const local = /^local([0-7])$/.exec(facility)?.[1];
  if (local !== undefined) return 16 + Number(local);
  return facility === "daemon" ? 3 : 1;
}

/** Puts the `<priority>` that logger(1) reads in front of a JSON log line. */
export function withPriority(line: string, facility: number): string {
  const level = /"level":(\d+)/.exec(line)?.[1];
  const severity = (level === undefined ? undefined : SEVERITIES[level]) ?? INFORMATIONAL;
  return `<${facility * 8 + severity}>${line}`;
}

/**
 * The facility that the configuration means: `LOG_LOCAL<n>` by name; anything else stands for
 * local<administrative_log_facility> (docs/contract/rest-api.md, 4.3).
 */
export function syslogFacility(configured: string, administrative: number): string {
  const local = /^LOG_LOCAL([0-7])$/i.exec(configured)?.[1];
  return `local${local ?? administrative}`;
}

/** @returns a destination for pino; it never blocks and never throws: the log must not stop the agent */
export function openSyslog(options: SyslogOptions): SyslogStream {
  const facility = facilityNumber(options.facility);
  const args = ["--prio-prefix", "--socket-errors=off", "--tag", options.tag];
  let child: ChildProcess | undefined;
  let notBefore = 0;
  let dropped = 0;
  /** Lines from before it was known which socket there is; undefined from then on. */
  let early: string[] | undefined = [];
  let wait: NodeJS.Timeout | undefined;

  const start = () => {
    notBefore = Date.now() + RESTART_DELAY_MS;
    const started = spawn("logger", args, { stdio: ["pipe", "ignore", "ignore"] });
    child = started;
    const gone = () => {
      if (child === started) child = undefined;
    };
    started.on("error", gone).on("exit", gone);
    started.stdin?.on("error", gone);
  };

  const write = (line: string) => {
    if (child === undefined && Date.now() >= notBefore) start();
    const input = child?.stdin;
    if (!input?.writable || input.writableLength > BACKLOG_LIMIT) {
      dropped += 1;
      return;
    }
    if (dropped > 0) {
      const notice = {
        level: 40,
        event: "log.syslog.dropped",
        dropped,
        msg: "log lines did not reach syslog",
      };
      input.write(withPriority(`${JSON.stringify(notice)}\n`, facility));
      dropped = 0;
    }
    input.write(withPriority(line, facility));
  };

  const begin = () => {
    clearTimeout(wait);
    const lines = early ?? [];
    early = undefined;
    for (const line of lines) write(line);
  };

  const look = async (deadline: number): Promise<void> => {
    const socketExists = await isPresent(options.socket);
    if (early === undefined) return;
    if (socketExists) args.push("--socket", options.socket);
    if (socketExists || Date.now() >= deadline) return begin();
    wait = setTimeout(() => void look(deadline), SOCKET_POLL_MS).unref();
  };
  void look(Date.now() + SOCKET_WAIT_MS);

  return {
    write(line) {
      if (early === undefined) write(line);
      else if (early.length < EARLY_LIMIT) early.push(line);
      else dropped += 1;
    },
    close() {
      if (early !== undefined) begin();
      child?.stdin?.end();
    },
  };
}
