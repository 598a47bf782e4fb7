/** How busy the machine is. */
import { cpus, freemem, loadavg, totalmem } from "node:os";

/** Looking at each of them takes longer than everything else here, and a machine gets no other ones while it runs. */
let cpuCount: number | undefined;

/** Node reads /proc/loadavg and /proc/meminfo for this in place, which takes less than a question to another thread. */
export function readMachineLoad(): {
  readonly loadAverage: number;
  readonly cpuCount: number;
  /** What is not available any more (`MemAvailable`); 0 to 100. */
  readonly memoryUsedPercent: number;
} {
  cpuCount ??= cpus().length;
  const total = totalmem();
  return {
    loadAverage: loadavg()[0] ?? 0,
    cpuCount,
    memoryUsedPercent: ((total - freemem()) / total) * 100,
  };
}
