/** The two metrics of the machine that lead every answer (docs/contract/metrics.md, section 4). */
import type { MachineLoad } from "./types.ts";

export function encodeLoad({ loadAverage, cpuCount, memoryUsedPercent }: MachineLoad): string {
  return [
    ...gauge("octavia_loadbalancer_cpu", "CPU", (loadAverage / cpuCount) * 100),
    ...gauge("octavia_loadbalancer_memory", "memory", memoryUsedPercent),
    "",
  ].join("\n");
}

function gauge(name: string, what: string, percent: number): string[] {
  return [
    `# HELP ${name} Load balancer ${what} utilization (percentage).`,
    `# TYPE ${name} gauge`,
    `${name} ${oneDecimal(percent)}`,
  ];
}

/** Of two decimals that are equally near the even one, as upstream rounds; `toFixed` takes the larger. */
function oneDecimal(value: number): string {
  return value % 1 === 0.25 ? `${Math.floor(value)}.2` : value.toFixed(1);
}
