/** `amphora logs`: what the agent, HAProxy and keepalived have written, wherever that is on this machine. */
import { loadConfig } from "../config/load.ts";
import { AGENT_LOG_FILES } from "../config/paths.ts";
import { AgentError } from "../errors.ts";
import { chooseSupervisor } from "../supervisor/choose.ts";
import { outputOf } from "../supervisor/output-of.ts";
import { readServices } from "../supervisor/read-services.ts";
import { runAttached } from "../system/attached.ts";
import { isFile } from "../system/files.ts";
import { isAsked, type LogRequest, planJournal, planTail, sourceOf } from "./plan-logs.ts";

/**
 * @returns exit code of journalctl or tail
 * @throws AgentError when there is nothing to show, or one of them cannot be run
 */
export async function logsCommand(configFile: readonly string[], request: LogRequest): Promise<number> {
  const { config } = await loadConfig(configFile);
  const services = await readServices(config.basePath);
  if ((await chooseSupervisor(config)) === "systemd") {
    return runAttached("journalctl", planJournal(request, services));
  }
  if (request.since !== undefined) {
    throw new AgentError("invalidInput", "--since needs journald, which does not keep these logs");
  }
  const files = await existing([
    ...(isAsked(request, "agent") ? AGENT_LOG_FILES : []),
    ...services
      .filter((service) => isAsked(request, sourceOf(service)))
      .map((service) => outputOf(service, config.basePath)),
  ]);
  if (files.length === 0) {
    throw new AgentError(
      "notFound",
      "no log files here: the agent writes to its standard output, or to syslog",
    );
  }
  return runAttached("tail", planTail(request, files));
}

async function existing(files: readonly string[]): Promise<string[]> {
  const present = await Promise.all(files.map(isFile));
  return files.filter((_file, index) => present[index]);
}
