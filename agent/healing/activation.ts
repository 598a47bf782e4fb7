/** Self-healing begins with the first port: before that there is nothing to keep, and nothing is loaded. */
import { asError } from "../errors.ts";
import type { Logger } from "../system/logger.ts";
import type { HealingStatus } from "./types.ts";

export interface SelfHealing {
  /** To be called when there may be more, or less, to keep. */
  refresh(): Promise<void>;
  status(): HealingStatus;
  close(): Promise<void>;
}

export interface Healing {
  /** To be called when there may be something to keep, or something else; returns at once. */
  refresh(): void;
  /** Undefined as long as there is nothing to keep. */
  status(): HealingStatus | undefined;
  /** Ends it for good. */
  close(): Promise<void>;
}

export interface HealingOptions {
  readonly isWanted: () => Promise<boolean>;
  readonly open: () => Promise<SelfHealing>;
  readonly logger: Logger;
}

export function createHealing({ isWanted, open, logger }: HealingOptions): Healing {
  let healing: SelfHealing | undefined;
  let isClosed = false;
  let working = Promise.resolve();

  const adjust = async (): Promise<void> => {
    if (isClosed) return;
    try {
      if (healing) return await healing.refresh();
      if (!(await isWanted())) return;
      healing = await open();
      logger.info({ event: "healing.start.done" }, "keeping what the controller asked for");
    } catch (error) {
      logger.error({ event: "healing.start.failed", err: asError(error) }, "nothing is repaired");
    }
  };

  return {
    refresh() {
      working = working.then(adjust);
    },
    status: () => healing?.status(),
    async close() {
      isClosed = true;
      await working;
      await healing?.close();
    },
  };
}
