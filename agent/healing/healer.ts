/**
 * Holds reality against what the controller asked for: when something is heard of a change, regularly for what nobody
 * tells of, and now and then for all, as a change may be missed. What it finds is repaired, logged with its cause, and
 * counted.
 */
import { asError } from "../errors.ts";
import type { Clock } from "../system/clock.ts";
import type { Logger } from "../system/logger.ts";
import { kindOf } from "./kind-of.ts";
import { isFlapping, Ledger } from "./ledger.ts";
import type { Depth, HealingStatus, Held, Keeper, Repair } from "./types.ts";

/** Changes come in flocks: an address takes its routes along. */
const GATHER_MS = 50;
/** Somebody who changes things all the time is not followed at that pace. */
const BUSY_LOOKS = 20;
const BUSY_WINDOW_MS = 10_000;
const BUSY_GATHER_MS = 2_000;
const REGULAR_LOOK_MS = 30_000;
/** One in so many regular looks is at everything, which takes twice the processor's time. */
const COMPLETE_LOOK = 10;
/** Before a difference that is still there is tried again. */
const LEAST_RETRY_MS = 1_000;
/** So many of the things that were heard are told as the cause. */
const CAUSES = 3;
const REGULAR_CAUSE = "regular look";

export interface HealerOptions {
  readonly keepers: readonly Keeper[];
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Healer {
  readonly #kept: ReadonlyMap<string, Kept>;
  readonly #clock: Clock;
  #cancel: () => void;
  #regularLooks = 0;
  readonly #repairs = new Map<string, number>();
  #last: Repair | undefined;

  constructor({ keepers, clock, logger }: HealerOptions) {
    this.#clock = clock;
    const done = (repair: Repair) => {
      for (const kind of repair.differences.map(kindOf)) {
        this.#repairs.set(kind, (this.#repairs.get(kind) ?? 0) + 1);
      }
      this.#last = repair;
    };
    this.#kept = new Map(keepers.map((keeper) => [keeper.name, new Kept(keeper, { clock, logger, done })]));
    this.#cancel = this.#regularly();
  }

  /**
   * To be called when something may have changed; returns at once.
   * @param cause - what was heard, for the log
   */
  heard(keeper: string, cause: string, depth: Depth = "changed"): void {
    this.#kept.get(keeper)?.look(cause, depth, GATHER_MS);
  }

  status(): HealingStatus {
    const ledgers = [...this.#kept.values()].map(({ ledger }) => ledger);
    const now = this.#clock.now();
    return {
      repairs: Object.fromEntries(this.#repairs),
      last: this.#last,
      flapping: ledgers.flatMap((ledger) => ledger.flapping(now)),
      failing: ledgers.flatMap((ledger) => ledger.failing()),
    };
  }

  /** Ends it; a repair that is being made is waited for. */
  async close(): Promise<void> {
    this.#cancel();
    await Promise.all([...this.#kept.values()].map((kept) => kept.close()));
  }

  #regularly(): () => void {
    return this.#clock.after(REGULAR_LOOK_MS, () => {
      this.#regularLooks += 1;
      const depth = this.#regularLooks % COMPLETE_LOOK === 0 ? "all" : "unheard";
      for (const kept of this.#kept.values()) kept.look(REGULAR_CAUSE, depth, 0);
      this.#cancel = this.#regularly();
    });
  }
}

interface KeptOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly done: (repair: Repair) => void;
}

/** One keeper, its turns and its ledger. */
class Kept {
  readonly ledger = new Ledger();
  readonly #keeper: Keeper;
  readonly #options: KeptOptions;
  #causes: string[] = [];
  /** Of the look that is to come. */
  #depth: Depth | undefined;
  #planned: { readonly at: number; readonly cancel: () => void } | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;
  /** When it looked lately. */
  #looks: number[] = [];

  constructor(keeper: Keeper, options: KeptOptions) {
    this.#keeper = keeper;
    this.#options = options;
  }

  look(cause: string, depth: Depth, delayMs: number): void {
    if (this.#isClosed) return;
    if (this.#causes.length < CAUSES && !this.#causes.includes(cause)) this.#causes.push(cause);
    this.#depth = (this.#depth ?? depth) === depth ? depth : "all";
    this.#plan(delayMs);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#planned?.cancel();
    await this.#running;
  }

  #plan(delayMs: number): void {
    const { clock } = this.#options;
    const now = clock.now();
    this.#looks = this.#looks.filter((at) => at > now - BUSY_WINDOW_MS);
    const isBusy = this.#looks.length >= BUSY_LOOKS;
    const at = now + (isBusy ? Math.max(delayMs, BUSY_GATHER_MS) : delayMs);
    if (this.#planned && this.#planned.at <= at) return;
    this.#planned?.cancel();
    this.#planned = { at, cancel: clock.after(at - now, () => this.#begin()) };
  }

  #begin(): void {
    this.#planned = undefined;
    if (this.#isClosed) return;
    // What was heard meanwhile is looked at when this look is over.
    this.#running = (this.#running ?? Promise.resolve()).then(() => this.#hold());
  }

  async #hold(): Promise<void> {
    const { clock, logger } = this.#options;
    const cause = this.#causes.join("; ");
    const depth = this.#depth;
    this.#causes = [];
    this.#depth = undefined;
    if (depth === undefined || this.#isClosed) return;
    this.#looks.push(clock.now());
    try {
      const tried = new Set<string>();
      const isDue = (difference: string): boolean => {
        const due = this.ledger.isDue(difference, clock.now());
        if (due) tried.add(difference);
        return due;
      };
      const held = await this.#keeper.hold({ depth, isDue });
      if (depth === "all") this.ledger.tidy(new Set(held.remaining), clock.now());
      this.#judge(held, tried, cause);
    } catch (error) {
      const fields = { event: "healing.look.failed", keeper: this.#keeper.name, cause };
      logger.warn({ ...fields, err: asError(error) }, "could not look whether everything is as it should be");
    }
  }

  #judge({ repaired, remaining }: Held, tried: ReadonlySet<string>, cause: string): void {
    const { clock, logger, done } = this.#options;
    const now = clock.now();
    const keeper = this.#keeper.name;
    for (const difference of repaired) {
      const attempts = this.ledger.note(difference, true, now);
      if (!isFlapping(attempts) || isFlapping(attempts - 1)) continue;
      const fields = { event: "healing.repair.flapping", keeper, difference, repairs: attempts };
      logger.error(fields, "somebody undoes what is repaired again and again; repairs slow down");
    }
    if (repaired.length > 0) {
      done({ keeper, differences: repaired, cause, at: new Date().toISOString() });
      logger.warn({ event: "healing.repair.done", keeper, differences: repaired, cause }, "repaired");
    }
    const failed = remaining.filter((difference) => tried.has(difference));
    const isNews = failed.filter((difference) => {
      const attempts = this.ledger.note(difference, false, now);
      return attempts === 1 || (isFlapping(attempts) && !isFlapping(attempts - 1));
    });
    if (isNews.length > 0) {
      const fields = { event: "healing.repair.failed", keeper, differences: isNews, cause };
      logger.error(fields, "could not be repaired, trying again later");
    }
    if (remaining.length === 0) return;
    const next = Math.min(...remaining.map((difference) => this.ledger.dueAt(difference)));
    this.look("still not as it should be", "all", Math.max(LEAST_RETRY_MS, next - now));
  }
}
