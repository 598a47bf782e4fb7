/** What the agent counts of its own work: additions in memory, which nobody notices while nobody asks. */
import type { ChangeResult } from "../loadbalancer/types.ts";

export class Counters {
  readonly requests = new Map<number, number>();
  readonly changes: Record<ChangeResult, number> = { runtime: 0, unchanged: 0, reload: 0, failed: 0 };

  /** A request was answered with this status. */
  answered(status: number): void {
    this.requests.set(status, (this.requests.get(status) ?? 0) + 1);
  }

  /** A HAProxy that runs was given a new configuration. */
  changed(how: ChangeResult): void {
    this.changes[how] += 1;
  }
}
