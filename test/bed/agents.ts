/** The agents that are compared, as programs to install in a machine. */
import { join } from "node:path";
import { AMPHORA_TREE, ELEMENT, installProgram } from "./amphora.ts";
import type { Machine } from "./machine.ts";
import type { TreeSpec } from "./tree.ts";

/** What differs between the agents. */
export interface AgentProgram {
  readonly name: "ours" | "upstream";
  /** A program that runs beside the agent in every amphora. */
  readonly companion?: { readonly unit: string; readonly command: readonly string[] };
  /** Shown in reports. */
  readonly version: string;
  /** Puts the program and its helpers into the machine. @returns its command, up to `--config-file` */
  install(machine: Machine): Promise<string>;
}

/** Starts of their own accord, or works in the background of a measurement. */
const IDLE_DEBIAN = ["octavia-agent", "octavia-agent-netns", "octavia-agent-certs-ramfs", "networking"];
const NOISE = ["cron", "anacron", "atd", "haveged", "pollinate"];

/** A machine that can run either agent. */
export const BOTH_TREE: TreeSpec = {
  packages: [...AMPHORA_TREE.packages, "octavia-agent"],
  masked: [...AMPHORA_TREE.masked, ...[...IDLE_DEBIAN, ...NOISE].map((name) => `${name}.service`)],
};

/** The metrics proxy of upstream's image; Debian ships it as a module only. */
const PROMETHEUS_PROXY = ["python3", "-c", "from octavia.cmd.prometheus_proxy import main; main()"];

/** Debian's `octavia-agent`, which the tree holds already. */
export async function upstream(machine: Machine): Promise<AgentProgram> {
  return {
    name: "upstream",
    version: `octavia-agent ${await packageVersion(machine, "octavia-agent")}`,
    companion: { unit: "prometheus-proxy.service", command: PROMETHEUS_PROXY },
    install: async () => {
      await asInImage(machine);
      return "/usr/bin/amphora-agent";
    },
  };
}

/**
 * Another release of upstream's agent, of which the machine has a Python environment.
 * @param python - of that environment, inside the machine
 */
export function upstreamRelease(release: string, python: string): AgentProgram {
  return {
    name: "upstream",
    version: `octavia ${release}`,
    install: async (machine) => {
      // Debian's is Zed's, which knows no SR-IOV ports, and the package index has none: ours takes the same words.
      await asInImage(machine, join(ELEMENT, "lvs-masquerade.sh"));
      for (const [program, module] of Object.entries(UPSTREAM_PROGRAMS)) {
        const script = `#!${python}\nimport sys\nfrom ${module} import main\nsys.exit(main())\n`;
        await machine.write(`/usr/local/bin/${program}`, script, 0o755);
      }
      return "/usr/local/bin/amphora-agent";
    },
  };
}

/** What an image has of upstream's on its `PATH`. */
const UPSTREAM_PROGRAMS = {
  "amphora-agent": "octavia.cmd.agent",
  "amphora-interface": "octavia.cmd.interface",
  "haproxy-vrrp-check": "octavia.cmd.haproxy_vrrp_check",
};

/**
 * What an image has and Debian's packages have not, and the other way round.
 * @param masquerade - on the host, in place of Debian's own
 */
async function asInImage(machine: Machine, masquerade?: string): Promise<void> {
  // The agent would find it before its own, and write there.
  await machine.exec("rm", ["-f", "/etc/octavia/octavia.conf"]);
  const program = "/usr/local/bin/lvs-masquerade.sh";
  if (masquerade) await machine.copyIn(masquerade, program);
  else await machine.exec("ln", ["-s", "/usr/bin/octavia-agent-lvs-masquerade", program]);
}

/** This checkout's build. */
export const ours: AgentProgram = { name: "ours", version: "this repository", install: installProgram };

export async function packageVersion(machine: Machine, name: string): Promise<string> {
  const [, version = ""] = (await machine.exec("dpkg-query", ["-W", name])).split("\t");
  return version;
}
