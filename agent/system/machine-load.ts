/** How busy the machine is. */
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { parseKilobytes, parseLoad } from "./machine.ts";

/** Looking at each of them takes longer than everything else here, and a machine gets no other ones while it runs. */
let cpuCount: number | undefined;

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
  cpuCount ??= cpus().length;
  const total = parseKilobytes(meminfo, "MemTotal");
  return {
    loadAverage: Number(parseLoad(loadavg)[0]),
    cpuCount,
    memoryUsedPercent: ((total - parseKilobytes(meminfo, "MemAvailable")) / total) * 100,
  };
}
