/**
 * The log's way to syslog. Node cannot open a unix datagram socket, so one long-lived logger(1)
 * carries the lines; it is started only where the configuration asks for syslog.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { access } from "node:fs/promises";
import type { DestinationStream } from "pino";

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
export async function openSyslog(options: SyslogOptions): Promise<SyslogStream> {
  const facility = facilityNumber(options.facility);
  const socketExists = await access(options.socket).then(
    () => true,
    () => false,
  );
  const args = ["--prio-prefix", "--socket-errors=off", "--tag", options.tag];
  if (socketExists) args.push("--socket", options.socket);
  let child: ChildProcess | undefined;
  let notBefore = 0;
  let dropped = 0;

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

  return {
    write(line) {
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
    },
    close() {
      child?.stdin?.end();
    },
  };
}
