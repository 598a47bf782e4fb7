/** Keeps the last counters on disk, for the agent's next start (docs/contract/heartbeat.md, section 4). */
import { readIfPresent, replaceFileUnsynced } from "../system/files.ts";
import { encodeCounters, parseCounters } from "./counters-parse.ts";
import type { CounterTable } from "./types.ts";

const MODE = 0o640;

export class CounterFile {
  #saved: CounterTable | undefined;
  #saving: Promise<void> | undefined;

  /** @returns the stored counters; none when the file is missing or has no such content */
  async load(path: string): Promise<CounterTable> {
    const bytes = await readIfPresent(path);
    const counters = parseCounters(bytes?.toString("utf8") ?? "") ?? new Map();
    this.#saved = counters;
    return counters;
  }

  /** Whether the file has these very counters. */
  holds(counters: CounterTable): boolean {
    return counters === this.#saved;
  }

  /**
   * Replaces the file unless it holds these counters already, or is being replaced this moment.
   *
   * The disk is not synced: after a power cut HAProxy's own counters start at zero, and so any stored ones are
   * ignored, whatever is left of them.
   * @throws the system error of the writing
   */
  async save(path: string, counters: CounterTable): Promise<void> {
    if (this.holds(counters) || this.#saving) return this.#saving;
    this.#saving = replaceFileUnsynced(path, encodeCounters(counters), MODE);
    try {
      await this.#saving;
      this.#saved = counters;
    } finally {
      this.#saving = undefined;
    }
  }
}
