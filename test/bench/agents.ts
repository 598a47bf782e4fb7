/** The two agents that are compared, as programs to install in a machine. */
import { join } from "node:path";
import type { Machine } from "../bed/machine.ts";
import type { AgentProgram } from "./rig.ts";

const ROOT = join(import.meta.dirname, "../..");
const INSTALLED = "/opt/amphora-agent";

/** Debian's `octavia-agent`, which the tree holds already. */
export async function upstream(machine: Machine): Promise<AgentProgram> {
  return {
    name: "upstream",
    version: `octavia-agent ${await packageVersion(machine, "octavia-agent")}`,
    command: "/usr/bin/amphora-agent",
    install: async () => {
      await machine.exec("ln", [
        "-s",
        "/usr/bin/octavia-agent-lvs-masquerade",
        "/usr/local/bin/lvs-masquerade.sh",
      ]);
    },
  };
}

/** This repository's build, with its own copy of Node: pages shared with the bench's Node would count half. */
export async function ours(machine: Machine): Promise<AgentProgram> {
  return {
    name: "ours",
    version: "this repository",
    command: `${INSTALLED}/node ${INSTALLED}/dist/amphora.js agent`,
    install: async () => {
      await machine.copyIn(process.execPath, `${INSTALLED}/node`);
      for (const directory of ["dist", "templates"])
        await machine.copyIn(join(ROOT, directory), `${INSTALLED}/${directory}`);
      await machine.copyIn(join(ROOT, "package.json"), `${INSTALLED}/package.json`);
    },
  };
}

export async function packageVersion(machine: Machine, name: string): Promise<string> {
  const [, version = ""] = (await machine.exec("dpkg-query", ["-W", name])).split("\t");
  return version;
}
