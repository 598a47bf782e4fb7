/** HAProxy's processes as its master shows them (HAProxy management guide, 9.4.1, "show proc"). */

export interface HaproxyProcesses {
  /** Reloads that failed since the last one that worked; 0 before HAProxy 2.5, which does not tell. */
  readonly failedReloads: number;
  /** Pids of the workers that serve now, not of those that are finishing. */
  readonly workers: readonly number[];
  /** Pids of those that are finishing: a reload has replaced them. */
  readonly oldWorkers: readonly number[];
}

/** @returns undefined when the answer is not that of `show proc` */
export function parseProcesses(text: string): HaproxyProcesses | undefined {
  let section = "";
  let failedReloads: number | undefined;
  const workers: number[] = [];
  const oldWorkers: number[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) section = line.trim();
    const [, pid, type, failed] = /^(\d+)\s+(\w+)\s+\d+(?: \[failed: (\d+)\])?/.exec(line) ?? [];
    if (type === "master") failedReloads = Number(failed ?? 0);
    if (type === "worker" && section === "# workers") workers.push(Number(pid));
    if (type === "worker" && section === "# old workers") oldWorkers.push(Number(pid));
  }
  return failedReloads === undefined ? undefined : { failedReloads, workers, oldWorkers };
}

type Served = Pick<HaproxyProcesses, "failedReloads" | "workers">;

/** Whether a reload has failed, or has brought which new worker, by what the master showed before and shows now. */
export function judgeReload(before: Served, now: Served): "failed" | "pending" | number {
  if (now.failedReloads > before.failedReloads) return "failed";
  return now.workers.find((pid) => !before.workers.includes(pid)) ?? "pending";
}

/**
 * Whether the master's own answer to `reload` says that it failed. Masters before HAProxy 2.7 answer
 * nothing, and their processes have to tell.
 */
export function saysReloadFailed(answer: string): boolean {
  return /^Success=0$/m.test(answer);
}
