/**
 * Workers that a reload has replaced live on for their clients. Their age and number are HAProxy's to limit
 * (render-agent-config.ts); what they take of a machine's memory is the agent's.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { sendSignal } from "../../system/detached.ts";
import type { Logger } from "../../system/logger.ts";
import { readMachineLoad } from "../../system/machine-load.ts";
import { processExists } from "../../system/processes.ts";
import type { Ask } from "../../system/unix-socket.ts";
import type { WorkerLimits } from "../types.ts";
import { parseOldWorkers } from "./parse-old-workers.ts";

const ANSWER_TIMEOUT_MS = 2_000;
const END_MS = 2_000;
const PAUSE_MS = 10;

export interface OldWorkersContext {
  readonly ask: Ask;
  readonly limits: WorkerLimits;
  readonly logger: Logger;
}

/**
 * Ends the oldest of them, one after the other, while the machine has less memory than it should keep. They have
 * been asked to leave by the reload that replaced them.
 */
export async function endOldWorkers(
  { ask, limits, logger }: OldWorkersContext,
  masterSocket: string,
): Promise<void> {
  const reserve = limits.haproxyMemoryReservePercent;
  if (reserve === 0 || (await availablePercent()) >= reserve) return;
  try {
    const processes = await ask(masterSocket, "show proc;quit", { timeoutMs: ANSWER_TIMEOUT_MS });
    for (const pid of parseOldWorkers(processes.toString("utf8"))) {
      const available = await availablePercent();
      if (available >= reserve) return;
      const fields = { event: "haproxy.worker.ended", pid, availablePercent: Math.round(available) };
      logger.warn(fields, "the oldest worker that was replaced is ended, for its memory");
      await end(pid);
    }
  } catch (err) {
    logger.warn({ event: "haproxy.workers.unknown", err }, "workers that were replaced cannot be told");
  }
}

async function availablePercent(): Promise<number> {
  return 100 - readMachineLoad().memoryUsedPercent;
}

/** Its memory is free when it has ended. */
async function end(pid: number): Promise<void> {
  sendSignal(pid, "SIGTERM");
  const deadline = performance.now() + END_MS;
  while (processExists(pid) && performance.now() < deadline) await sleep(PAUSE_MS);
}
