/** Who keeps services running on this machine. */
import type { Config, SupervisorKind } from "../config/types.ts";
import { isSystemdInit } from "../system/systemd.ts";
import { type DirectOptions, DirectSupervisor } from "./direct.ts";
import { type SystemdOptions, SystemdSupervisor } from "./systemd.ts";
import type { Supervisor } from "./types.ts";

/** The configured kind; without one systemd where it is the init, else the agent itself. */
export async function chooseSupervisor(config: Pick<Config, "supervisor">): Promise<SupervisorKind> {
  return config.supervisor ?? ((await isSystemdInit()) ? "systemd" : "direct");
}

/** @returns a supervisor of that kind; `resume` puts it to work */
export function createSupervisor(kind: SupervisorKind, options: SystemdOptions & DirectOptions): Supervisor {
  return kind === "systemd" ? new SystemdSupervisor(options) : new DirectSupervisor(options);
}
