#!/usr/bin/env node
/**
 * The one program behind every name: `amphora COMMAND`, and upstream's `amphora-agent`,
 * `amphora-interface` and `haproxy-vrrp-check`. A command's code is loaded when it runs, so that a
 * check that runs every few seconds does not pay for the daemon.
 */
import { basename } from "node:path";
import process from "node:process";

const [, programPath = "amphora", ...words] = process.argv;

/** Upstream's programs, by the name they are called under. */
const ALIASES: Readonly<Record<string, (words: string[]) => Promise<number>>> = {
  "amphora-agent": async (args) => (await import("./amphora.ts")).amphora(["agent", ...args]),
  "amphora-interface": async (args) => (await import("./interface.ts")).interfaceCommand(args),
  "haproxy-vrrp-check": async (args) => (await import("./vrrp-check.ts")).vrrpCheck(args),
};

const alias = ALIASES[basename(programPath)];
process.exitCode = await (alias ? alias(words) : (await import("./amphora.ts")).amphora(words));
