/** On what machine the figures were taken. */
import { cpu, mem, osInfo } from "systeminformation";

export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly os: string;
}

export async function machineFacts(): Promise<MachineFacts> {
  const [processor, memory, os] = await Promise.all([cpu(), mem(), osInfo()]);
  return {
    cpu: `${processor.manufacturer} ${processor.brand}`.trim(),
    cores: processor.cores,
    memoryBytes: memory.total,
    os: `${os.distro} ${os.release}, ${os.platform} ${os.kernel}`,
  };
}
