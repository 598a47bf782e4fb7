/** Starts the thread that serves metrics. */
import { once } from "node:events";
import { isSea } from "node:sea";
import { Worker } from "node:worker_threads";
import { NAMESPACE_HANDLE } from "../config/paths.ts";
import { AgentError, asError } from "../errors.ts";
import { workerProgram } from "../package-files.ts";
import { sharedNow } from "../system/clock.ts";
import type { Logger } from "../system/logger.ts";
import type { Endpoint, FiguresMessage, ReadFigures, WorkerMessage, WorkerOptions } from "./types.ts";

const OPTIONS: WorkerOptions = { namespace: NAMESPACE_HANDLE, port: 9102, exporterPort: 9101 };
/**
 * Texts go through it fast, so that a small nursery is enough; without a limit it grows to tens of megabytes. What of
 * them is alive when it is full becomes old, and is collected when there is no more room: six megabytes are in use, and
 * twice that makes no scrape of 5,000 servers slower, nor fifteen at a time fail (measured).
 */
const LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 14 };

/**
 * Settles when it listens.
 * @param readFigures - the agent's own, which only this thread knows
 * @param onLost - called when it has ended by itself
 * @throws the system error: `ENOENT` before there is a namespace, `EADDRINUSE` beside upstream's proxy
 */
export async function openEndpoint(
  log: Logger,
  onLost: (error: Error) => void,
  readFigures: ReadFigures,
): Promise<Endpoint> {
  const worker = new Worker(await workerProgram("metrics"), {
    eval: isSea(),
    name: "metrics",
    workerData: OPTIONS,
    resourceLimits: LIMITS,
    // Not the daemon's own, with which V8 is set up for all threads: a thread may not have those.
    // Calls into the C library are still called experimental; which Node we run on is fixed (package.json).
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  // Before it listens it says nothing else.
  await once(worker, "message");
  let closing = false;
  const tellFigures = async ({ askedAt }: Extract<WorkerMessage, { kind: "figures" }>) => {
    const text = await readFigures(Math.max(0, sharedNow() - askedAt)).catch((error: unknown) => {
      log.warn(
        { event: "metrics.figures.failed", err: asError(error) },
        "the agent's own metrics are missing",
      );
      return "";
    });
    worker.postMessage({ text } satisfies FiguresMessage);
  };
  worker.on("message", (message: WorkerMessage) => {
    if (message.kind === "figures") void tellFigures(message);
    if (message.kind !== "failed") return;
    const event = "metrics.scrape.failed";
    log.warn({ event, reason: message.reason }, "HAProxy's metrics cannot be passed on");
  });
  let failure: Error | undefined;
  worker.on("error", (error: Error) => {
    failure = error;
  });
  worker.once("exit", () => {
    if (!closing) onLost(failure ?? new AgentError("unavailable", "the metrics thread has ended"));
  });
  return {
    async close() {
      closing = true;
      await worker.terminate();
    },
  };
}
