/** Sends heartbeats at the configured pace for as long as the agent runs. */
import { asError } from "../errors.ts";
import { Round, type RoundCounts, type RoundOptions } from "./round.ts";
import { type Schedule, startSchedule } from "./schedule.ts";

export interface Heartbeat {
  /** Sends the first heartbeat at once, the others at the configured interval. */
  start(): void;
  /** Sends no more, and settles when nothing is under way any more. */
  stop(): Promise<void>;
  /** To be called when the configuration has changed: a shorter interval counts from now. */
  reconfigured(): void;
  status(): HeartbeatStatus;
}

export interface HeartbeatStatus extends RoundCounts {
  readonly running: boolean;
  /** Rounds left out because the one before had not ended. */
  readonly overrun: number;
}

/** Protects the processor from an interval of zero. */
const SHORTEST_INTERVAL_MS = 100;

/**
 * @param options - `config` is asked anew for each heartbeat: interval, key and destinations may change
 * @see docs/contract/heartbeat.md, sections 2 and 7
 */
export function createHeartbeat(options: RoundOptions): Heartbeat {
  const { clock, config, log } = options;
  const round = new Round(options);
  let schedule: Schedule | undefined;
  let running: Promise<void> | undefined;
  let overrun = 0;

  function tick(): void {
    if (running) {
      overrun += 1;
      log.error(
        { event: "heartbeat.round.overrun", overrun },
        "a heartbeat is left out, the last is not done",
      );
      return;
    }
    running = round.run().then(
      () => {
        running = undefined;
      },
      (error: unknown) => {
        running = undefined;
        log.error(
          { event: "heartbeat.round.failed", err: asError(error) },
          "a heartbeat failed unexpectedly",
        );
      },
    );
  }

  return {
    start() {
      const intervalMs = (): number =>
        Math.max(config().heartbeatIntervalSeconds * 1_000, SHORTEST_INTERVAL_MS);
      schedule ??= startSchedule(clock, intervalMs, tick);
    },
    async stop() {
      schedule?.stop();
      schedule = undefined;
      await running;
      await round.close();
    },
    reconfigured: () => schedule?.restart(),
    status: () => ({ ...round.counts, running: schedule !== undefined, overrun }),
  };
}
