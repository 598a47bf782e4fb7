/** `amphora-interface up|down NAME|all`, run inside the namespace (docs/contract/network.md, 4.1). */
import { parseArgs } from "node:util";
import { loadConfig } from "../config/load.ts";
import { asError } from "../errors.ts";
import { interfaceFiles } from "../network/interface-files.ts";
import { actOnInterfaces } from "../network/interfaces.ts";
import { currentNamespace } from "../network/netns.ts";
import { replaceFile } from "../system/files.ts";
import { createCommandLogger } from "../system/logger.ts";
import { tryRun } from "../system/run.ts";

const WRONG_USAGE = 1;
const FAILED = 2;

/**
 * @param args - configuration options, if any, then action and interface
 * @returns exit code: 0 done, 1 wrong usage, 2 failed; the reason is on standard output, where callers look
 */
export async function interfaceCommand(args: readonly string[]): Promise<number> {
  const [action, name] = args.slice(-2);
  if (action === undefined || name === undefined) {
    console.log("usage: amphora-interface [up|down] <interface>");
    return WRONG_USAGE;
  }
  try {
    const { config } = await loadConfig(parseConfigFiles(args.slice(0, -2)));
    const bringer = { netns: currentNamespace(tryRun), logger: createCommandLogger(), replaceFile };
    const files = interfaceFiles(() => config.agentServerNetworkDir, replaceFile);
    await actOnInterfaces(bringer, files, action, name);
    return 0;
  } catch (error) {
    console.log(`Error: ${asError(error).message}`);
    return FAILED;
  }
}

function parseConfigFiles(args: readonly string[]): string[] {
  const options = { "config-file": { type: "string", multiple: true } } as const;
  return parseArgs({ args: [...args], options }).values["config-file"] ?? [];
}
