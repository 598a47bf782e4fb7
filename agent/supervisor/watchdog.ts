/**
 * Tells systemd that the agent is ready, and as long as it really does its work, that it lives: systemd ends one that
 * is silent, and starts it again.
 */
import type { ServiceManager } from "../config/service-manager.ts";
import { asError } from "../errors.ts";
import type { Clock } from "../system/clock.ts";
import type { Logger } from "../system/logger.ts";
import { notify } from "../system/notify.ts";
import { judgeProgress } from "./judge-progress.ts";

export interface Watchdog {
  /** Says that the agent ends, and nothing more. */
  close(): Promise<void>;
}

export interface WatchdogOptions {
  readonly manager: ServiceManager;
  readonly heartbeat: () => {
    /** By the clock; undefined before the first. */
    readonly lastDoneAt: number | undefined;
    readonly silent: readonly string[];
  };
  readonly heartbeatIntervalMs: () => number;
  /** Asks a HAProxy over a connection of its own. */
  readonly answers: (loadBalancerId: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly send?: (socket: string, assignment: string) => Promise<void>;
}

/** systemd recommends two signs of life in its time; with three one of them may be missed. */
const SIGNS = 3;

/** Says at once that the agent is ready, which is the first sign of life. */
export async function startWatchdog(options: WatchdogOptions): Promise<Watchdog> {
  const { manager, heartbeat, heartbeatIntervalMs, answers, clock, logger, send = notify } = options;
  const startedAt = clock.now();
  let cancel = (): void => undefined;
  let isClosed = false;
  let lastReason: string | undefined;

  const tell = async (assignment: string): Promise<void> => {
    try {
      await send(manager.socket, assignment);
    } catch (error) {
      const fields = { event: "watchdog.notify.failed", assignment, err: asError(error) };
      logger.warn(fields, "systemd cannot be told");
    }
  };

  const look = async (): Promise<string | undefined> => {
    const { lastDoneAt = startedAt, silent } = heartbeat();
    return judgeProgress({
      sinceHeartbeatMs: clock.now() - lastDoneAt,
      heartbeatIntervalMs: heartbeatIntervalMs(),
      silent: await Promise.all(silent.map(async (id) => ({ id, answersOthers: await answers(id) }))),
    });
  };

  const signLater = (watchdogMs: number): void => {
    cancel = clock.after(watchdogMs / SIGNS, () => void sign(watchdogMs));
  };

  const sign = async (watchdogMs: number): Promise<void> => {
    const reason = await look();
    if (reason === undefined) await tell("WATCHDOG=1");
    else if (reason !== lastReason) {
      const event = "watchdog.progress.missing";
      logger.error({ event, reason }, "systemd will start this agent again unless it goes on");
    }
    lastReason = reason;
    if (!isClosed) signLater(watchdogMs);
  };

  await tell("READY=1");
  // Not at once: each sign is a program that runs, and the first answer may be waited for.
  if (manager.watchdogMs !== undefined) signLater(manager.watchdogMs);
  return {
    async close() {
      isClosed = true;
      cancel();
      await tell("STOPPING=1");
    },
  };
}
