/** The two agents that are compared, as programs to install in a machine. */
import { installProgram } from "../bed/amphora.ts";
import type { Machine } from "../bed/machine.ts";
import type { AgentProgram } from "./rig.ts";

/** The metrics proxy of upstream's image; Debian ships it as a module only. */
const PROMETHEUS_PROXY = ["python3", "-c", "from octavia.cmd.prometheus_proxy import main; main()"];

/** Debian's `octavia-agent`, which the tree holds already. */
export async function upstream(machine: Machine): Promise<AgentProgram> {
  return {
    name: "upstream",
    version: `octavia-agent ${await packageVersion(machine, "octavia-agent")}`,
    companion: { unit: "prometheus-proxy.service", command: PROMETHEUS_PROXY },
    install: async () => {
      const script = "/usr/bin/octavia-agent-lvs-masquerade";
      await machine.exec("ln", ["-s", script, "/usr/local/bin/lvs-masquerade.sh"]);
      return "/usr/bin/amphora-agent";
    },
  };
}

/** This checkout's build. */
export const ours: AgentProgram = { name: "ours", version: "this repository", install: installProgram };

export async function packageVersion(machine: Machine, name: string): Promise<string> {
  const [, version = ""] = (await machine.exec("dpkg-query", ["-W", name])).split("\t");
  return version;
}
