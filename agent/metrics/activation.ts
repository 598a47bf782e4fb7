/** Serves metrics for as long as a load balancer has a PROMETHEUS listener; nothing is loaded before. */
import { asError, systemErrorCode } from "../errors.ts";
import type { Clock } from "../system/clock.ts";
import type { Logger } from "../system/logger.ts";
import type { Endpoint } from "./types.ts";

export interface Metrics {
  /** To be called when load balancers may have changed; returns at once. */
  refresh(): void;
  /** Ends it for good. */
  close(): Promise<void>;
}

export interface MetricsOptions {
  /** Whether a configuration asks for it now. */
  readonly isWanted: () => Promise<boolean>;
  /** @param onLost - to be called when it has ended by itself */
  readonly open: (log: Logger, onLost: (error: Error) => void) => Promise<Endpoint>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The namespace may come later than the listener (docs/contract/metrics.md, section 2). */
const RETRY_MS = 1_000;

export function createMetrics(options: MetricsOptions): Metrics {
  const { isWanted, clock, log } = options;
  let endpoint: Endpoint | undefined;
  let lastFailure: string | undefined;
  let cancelRetry = (): void => undefined;
  let closed = false;
  let working = Promise.resolve();

  async function adjust(): Promise<void> {
    cancelRetry();
    try {
      const wanted = !closed && (await isWanted());
      if (wanted && !endpoint) await open();
      else if (!wanted && endpoint) await close(endpoint);
    } catch (error) {
      failed(asError(error));
    }
  }

  async function open(): Promise<void> {
    endpoint = await options.open(log, (error) => {
      endpoint = undefined;
      failed(error);
    });
    lastFailure = undefined;
    log.info({ event: "metrics.start.done" }, "serving metrics");
  }

  async function close(open: Endpoint): Promise<void> {
    endpoint = undefined;
    await open.close();
    log.info({ event: "metrics.stop.done" }, "metrics are not served any more");
  }

  function failed(err: Error): void {
    const reason = systemErrorCode(err) ?? err.message;
    if (reason !== lastFailure) log.warn({ event: "metrics.start.failed", err }, "cannot serve metrics yet");
    lastFailure = reason;
    cancelRetry = clock.after(RETRY_MS, refresh);
  }

  function refresh(): void {
    working = working.then(adjust);
  }

  return {
    refresh,
    async close() {
      closed = true;
      refresh();
      await working;
    },
  };
}
