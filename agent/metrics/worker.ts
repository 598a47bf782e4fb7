/**
 * The thread that serves metrics (docs/contract/metrics.md, sections 1 to 3). It lives in the namespace, where
 * all of its sockets are to be; and however much there is to scrape, heartbeats and requests do not notice.
 */
import { parentPort, workerData } from "node:worker_threads";
import { asError } from "../errors.ts";
import { sharedNow, systemClock } from "../system/clock.ts";
import { readMachineLoad } from "../system/machine-load.ts";
import { enterNamespace } from "../system/namespace-thread.ts";
import { createScrapeServer } from "./answer.ts";
import { RememberedAnswer } from "./remembered-answer.ts";
import { askExporter } from "./scrape.ts";
import type { FiguresMessage, WorkerMessage, WorkerOptions } from "./types.ts";

/** Scrapes at a time. */
const CONNECTIONS = 16;
/** An agent that is busy for longer is left out of the answer: HAProxy waits for 5 s. */
const FIGURES_TIMEOUT_MS = 2_000;
/** Whoever scrapes without a pause does not keep the main thread busy. */
const FIGURES_AGE_MS = 1_000;

const { namespace, port, exporterPort } = workerData as WorkerOptions;
const tell = (message: WorkerMessage): void => parentPort?.postMessage(message);

const figures = new RememberedAnswer({
  send: () => tell({ kind: "figures", askedAt: sharedNow() }),
  clock: systemClock,
  timeoutMs: FIGURES_TIMEOUT_MS,
  ageMs: FIGURES_AGE_MS,
});
parentPort?.on("message", ({ text }: FiguresMessage) => figures.answered(text));

// As one script this runs from inside an executable, too: no `await` here.
void enterNamespace(namespace).then(serve);

function serve(): void {
  const server = createScrapeServer({
    readLoad: readMachineLoad,
    readFigures: () => figures.ask(),
    ask: () => askExporter(exporterPort),
    onFailure: (error) => tell({ kind: "failed", reason: asError(error).message }),
  });
  server.maxConnections = CONNECTIONS;
  server.listen(port, "127.0.0.1", () => tell({ kind: "listening" }));
}
