/** The configuration file that the agent owns, beside the controller's. */
import type { HaproxyVersion } from "../supervisor/types.ts";
import { isFile, keepFile } from "../system/files.ts";
import type { Layout } from "./layout.ts";
import { renderAgentConfig } from "./render-agent-config.ts";
import type { WorkerLimits } from "./types.ts";

const MODE = 0o600;

/** Writes the file, unless it has its text already. */
export async function keepAgentConfig(
  { agentConfig, adminSocket }: Layout,
  limits: WorkerLimits,
  version: HaproxyVersion,
): Promise<void> {
  await keepFile(agentConfig, renderAgentConfig({ adminSocket, limits, version }), MODE);
}

/**
 * Arguments that add the file to a HAProxy command, after all others; none for a load balancer that was last
 * uploaded to an agent without such a file.
 */
export async function agentConfigArguments({ agentConfig }: Layout): Promise<string[]> {
  return (await isFile(agentConfig)) ? ["-f", agentConfig] : [];
}
