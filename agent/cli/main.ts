#!/usr/bin/env node
/**
 * The one program behind almost every name: `amphora COMMAND`, and upstream's `amphora-agent` and
 * `amphora-interface`. A command's code is loaded when it runs.
 */
import { basename } from "node:path";
import process from "node:process";
import { asError } from "../errors.ts";
import { readPackageFile } from "../package-files.ts";
import type { DaemonWords } from "./agent.ts";

const [, programPath = "amphora", ...words] = process.argv;

/** Upstream's programs, by the name they are called under. */
const ALIASES: Readonly<Record<string, (words: string[]) => Promise<number>>> = {
  "amphora-agent": startAgent,
  "amphora-interface": async (args) => (await import("./interface.ts")).interfaceCommand(args),
};

/**
 * Scripts that are files of their own beside a bundle, and inside a single executable: interpreter, the option
 * before the script's text, and the word after it.
 */
const SCRIPTS: Readonly<Record<string, readonly [string, string, string]>> = {
  "haproxy-vrrp-check": ["/bin/sh", "-c", "haproxy-vrrp-check"],
  "amphora-health-checker": ["/usr/bin/perl", "-e", "--"],
  "lvs-masquerade.sh": ["/bin/sh", "-c", "lvs-masquerade.sh"],
};

const programName = basename(programPath);
// Not `await`: in a single executable this file is a script. Nothing is rejected here.
void main();

async function main(): Promise<void> {
  try {
    process.exitCode = await programOf(programName)(words);
  } catch (error) {
    console.error(`${programName}: ${asError(error).message}`);
    process.exitCode = 1;
  }
}

function programOf(name: string): (words: string[]) => Promise<number> {
  const script = SCRIPTS[name];
  if (script) return (args) => becomeScript(name, script, args);
  return ALIASES[name] ?? (async (args) => (await import("./amphora.ts")).amphora(args));
}

/** Goes on as the script, in the same process. */
async function becomeScript(
  name: string,
  [interpreter, option, word]: readonly [string, string, string],
  args: readonly string[],
): Promise<never> {
  const text = await readPackageFile(`program/${name}`);
  if (!process.execve) throw new Error("this system cannot replace a program by another");
  return process.execve(interpreter, [interpreter, option, text, word, ...args]);
}

/**
 * `amphora-agent [--config-drive] [--config-file FILE]...`, as units run it. Start-up time of the daemon is failover
 * time, and loading the command line parser takes a sixth of it: any other words go there.
 */
async function startAgent(args: string[]): Promise<number> {
  const words = daemonWords(args);
  if (words === undefined) {
    const { amphora } = await import("./amphora.ts");
    // Units that the daemon writes run it under the name that it was started with, and give a command.
    return amphora(args[0]?.startsWith("-") ? ["agent", ...args] : args);
  }
  const { agentCommand } = await import("./agent.ts");
  return agentCommand(words);
}

function daemonWords(args: readonly string[]): DaemonWords | undefined {
  const configFiles: string[] = [];
  const configDrive = args[0] === "--config-drive";
  for (let index = configDrive ? 1 : 0; index < args.length; index += 1) {
    const [option, inline] = args[index]?.split(/=(.*)/s) ?? [];
    const file = inline ?? args[++index];
    if (option !== "--config-file" || !file) return undefined;
    configFiles.push(file);
  }
  return { configFiles, configDrive };
}
