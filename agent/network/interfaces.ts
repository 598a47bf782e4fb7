/** One action on one or all interfaces, with the texts of `amphora-interface` (docs/contract/network.md, 4.1). */
import { AgentError } from "../errors.ts";
import { type Bringer, bringDown, bringUp, reasonOf } from "./bring-up.ts";
import type { InterfaceFiles } from "./interface-files.ts";
import type { InterfaceFile } from "./types.ts";

export type InterfaceAction = "up" | "down";

const ACTIONS: Readonly<Record<InterfaceAction, (bringer: Bringer, file: InterfaceFile) => Promise<void>>> = {
  up: bringUp,
  down: bringDown,
};

/**
 * All files are read first, a broken one fails everything; with `all`, a failure on one interface does not
 * keep the others back.
 * @param name - interface name as in the files, or `all`
 * @throws AgentError `commandFailed`, message `Could not configure interface: ...`
 */
export async function actOnInterfaces(
  bringer: Bringer,
  files: InterfaceFiles,
  action: string,
  name: string,
): Promise<void> {
  const act = action === "up" || action === "down" ? ACTIONS[action] : undefined;
  if (!act) throw failure(`Unknown action '${action}'`);
  const all = await readAll(files);
  const chosen = all.filter((file) => name === "all" || file.name === name);
  if (chosen.length === 0 && name !== "all") throw failure(`Could not find interface '${name}'.`);
  const results = await Promise.allSettled(chosen.map((file) => act(bringer, file)));
  const errors = results.flatMap((result, index) =>
    result.status === "fulfilled"
      ? []
      : [`Error on action '${action}' for interface ${chosen[index]?.name}: ${reasonOf(result.reason)}.`],
  );
  if (errors.length > 0) throw failure(errors.join(", "));
}

async function readAll(files: InterfaceFiles): Promise<InterfaceFile[]> {
  try {
    return await files.readAll();
  } catch (error) {
    throw failure(reasonOf(error));
  }
}

function failure(reason: string): AgentError {
  return new AgentError("commandFailed", `Could not configure interface: ${reason}`);
}
