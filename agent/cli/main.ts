#!/usr/bin/env node
/**
 * The one program behind almost every name: `amphora COMMAND`, and upstream's `amphora-agent` and
 * `amphora-interface`. A command's code is loaded when it runs. `haproxy-vrrp-check` and
 * `amphora-health-checker` are scripts of their own, beside this file.
 */
import { basename } from "node:path";
import process from "node:process";
import { asError } from "../errors.ts";

const [, programPath = "amphora", ...words] = process.argv;

/** Upstream's programs, by the name they are called under. */
const ALIASES: Readonly<Record<string, (words: string[]) => Promise<number>>> = {
  "amphora-agent": startAgent,
  "amphora-interface": async (args) => (await import("./interface.ts")).interfaceCommand(args),
};

const programName = basename(programPath);
const alias = ALIASES[programName];
try {
  process.exitCode = await (alias ? alias(words) : (await import("./amphora.ts")).amphora(words));
} catch (error) {
  console.error(`${programName}: ${asError(error).message}`);
  process.exitCode = 1;
}

/**
 * `amphora-agent [--config-file FILE]...`, as units run it. Start-up time of the daemon is failover time, and
 * loading the command line parser takes a sixth of it: any other words go there.
 */
async function startAgent(args: string[]): Promise<number> {
  const files = configFilesOnly(args);
  if (files === undefined) {
    const { amphora } = await import("./amphora.ts");
    // Units that the daemon writes run it under the name that it was started with, and give a command.
    return amphora(args[0]?.startsWith("-") ? ["agent", ...args] : args);
  }
  const { runAgent } = await import("../main.ts");
  return runAgent(files);
}

function configFilesOnly(args: readonly string[]): string[] | undefined {
  const files: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const [option, inline] = args[index]?.split(/=(.*)/s) ?? [];
    const file = inline ?? args[++index];
    if (option !== "--config-file" || !file) return undefined;
    files.push(file);
  }
  return files;
}
