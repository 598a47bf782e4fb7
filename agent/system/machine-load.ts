/** How busy the machine is. */
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { parseKilobytes, parseLoad } from "./machine.ts";

/** @see proc_loadavg(5), proc_meminfo(5) */
export async function readMachineLoad(): Promise<{
  readonly loadAverage: number;
  readonly cpuCount: number;
  /** What is not available any more; 0 to 100. */
  readonly memoryUsedPercent: number;
}> {
  const [loadavg, meminfo] = await Promise.all([
    readFile("/proc/loadavg", "latin1"),
    readFile("/proc/meminfo", "latin1"),
  ]);
  const total = parseKilobytes(meminfo, "MemTotal");
  return {
    loadAverage: Number(parseLoad(loadavg)[0]),
    cpuCount: cpus().length,
    memoryUsedPercent: ((total - parseKilobytes(meminfo, "MemAvailable")) / total) * 100,
  };
}
