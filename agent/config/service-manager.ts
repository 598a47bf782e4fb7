/** What the service manager that has started this process wants to hear of it (sd_notify(3), sd_watchdog_enabled(3)). */
import process from "node:process";

export interface ServiceManager {
  /** Datagram socket, as `$NOTIFY_SOCKET` has it: a path, or a name that begins with `@`. */
  readonly socket: string;
  /** After this without a sign of life it ends the process; undefined when it does not watch. */
  readonly watchdogMs: number | undefined;
}

/** @returns undefined when nobody wants to hear anything */
export function readServiceManager(
  env: Readonly<Record<string, string | undefined>> = process.env,
  pid = process.pid,
): ServiceManager | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC, WATCHDOG_PID } = env;
  if (!socket) return undefined;
  const isForUs = WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid);
  const microseconds = /^[1-9]\d*$/.test(WATCHDOG_USEC ?? "") ? Number(WATCHDOG_USEC) : undefined;
  return {
    socket,
    watchdogMs: isForUs && microseconds !== undefined ? microseconds / 1_000 : undefined,
  };
}
