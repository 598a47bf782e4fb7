/** Workers that a reload has replaced and that still have clients (HAProxy management guide, 9.4.1, "show proc"). */

/** @returns their pids, the oldest first */
export function parseOldWorkers(text: string): number[] {
  const [, rows = ""] = /^# old workers\n([\s\S]*?)(?=^#|$(?![\s\S]))/m.exec(text) ?? [];
  const workers = [...rows.matchAll(/^(\d+)\s+worker\s+(\d+)\s/gm)].map(([, pid, reloads]) => ({
    pid: Number(pid),
    reloads: Number(reloads),
  }));
  return workers.sort((one, other) => other.reloads - one.reloads).map(({ pid }) => pid);
}
