/** The words of self-healing: what is held against what the controller asked for, and what came of it. */

/** At what to look: `changed` is what events tell of, `unheard` what nothing tells of. */
export type Depth = "changed" | "unheard" | "all";

export interface Look {
  readonly depth: Depth;
  /** Whether a difference may be repaired now; one that comes back again and again has to wait. */
  readonly isDue: (difference: string) => boolean;
}

/** Something that is not as it was asked for. */
export interface Deviation {
  /** Names it, always with the same words. */
  readonly difference: string;
  readonly repair: () => Promise<void>;
}

/** What a look has found; each difference in the words of the command or file that makes it good. */
export interface Held {
  readonly repaired: readonly string[];
  /** What could not be repaired, and what was not due. */
  readonly remaining: readonly string[];
}

/** Something that the agent keeps as the controller wanted it. */
export interface Keeper {
  /** Names it in the log and in the status. */
  readonly name: string;
  /** Looks and repairs, one call at a time. @throws AgentError or a system error when it could not */
  hold(look: Look): Promise<Held>;
}

export interface HealingStatus {
  /** By what was repaired (kind-of.ts), since the agent's start. */
  readonly repairs: Readonly<Record<string, number>>;
  /** The latest one; undefined when there was none. */
  readonly last: Repair | undefined;
  /** What comes back again and again although it is repaired. */
  readonly flapping: readonly string[];
  /** What is not as it should be, and could not be made good so far. */
  readonly failing: readonly string[];
}

export interface Repair {
  readonly keeper: string;
  readonly differences: readonly string[];
  /** What was heard, or why it was looked. */
  readonly cause: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}
