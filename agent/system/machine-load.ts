/** How busy the machine is. */
import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";

/** Looking at each of them takes longer than everything else here, and a machine gets no other ones while it runs. */
let cpuCount: number | undefined;

/** Two files of the kernel's are read in place, which takes less than a question to another thread. */
export function readMachineLoad(): {
  readonly loadAverage: number;
  readonly cpuCount: number;
  /** What is not available any more (`MemAvailable`); 0 to 100. */
  readonly memoryUsedPercent: number;
} {
  cpuCount ??= cpus().length;
  // Node has a function for each figure, and each of them has the kernel add up all of it.
  const memory = readFileSync("/proc/meminfo", "utf8");
  const total = kilobytesOf(memory, TOTAL);
  return {
    loadAverage: loadavg()[0] ?? 0,
    cpuCount,
    memoryUsedPercent: ((total - kilobytesOf(memory, AVAILABLE)) / total) * 100,
  };
}

/** Lines of proc_meminfo(5). */
const TOTAL = /^MemTotal: +(\d+)/m;
const AVAILABLE = /^MemAvailable: +(\d+)/m;

function kilobytesOf(memory: string, pattern: RegExp): number {
  return Number(pattern.exec(memory)?.[1]);
}
