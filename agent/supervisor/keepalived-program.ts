/** keepalived in the foreground: followed through its pid file and its words. */
import { KEEPALIVED } from "../config/paths.ts";
import { sendSignal } from "../system/detached.ts";
import { namedPid } from "../system/processes.ts";
import { KEEPALIVED_ENVIRONMENT, type KeepalivedFiles, keepalivedArguments } from "./plan-keepalived.ts";
import type { Program, RunningProgram } from "./program.ts";
import { waitFor } from "./wait-for.ts";

/** keepalived before 2.2 does not say when it is done: then this long without an end counts as well. */
const SILENCE_MS = 1_000;
/** Also said of a configuration with nothing to do, which keepalived waits with for the next one. */
const STARTED = /Startup complete|has no configuration to run/;
const RELOADED = /Reload complete|has no configuration to run/;

export interface KeepalivedProgramOptions {
  readonly files: KeepalivedFiles & { readonly output: string };
  /** N of syslog facility localN. */
  readonly logFacility: number;
}

export function keepalivedProgram({ files, logFacility }: KeepalivedProgramOptions): Program {
  return {
    name: "keepalived",
    executable: KEEPALIVED,
    pidFile: files.pidFile,
    childPidFiles: [files.vrrpPidFile, files.checkPidFile].filter((file) => file !== undefined),
    outputFile: files.output,
    // keepalived writes no severity.
    levelOfOutput: () => "info",
    async command() {
      const runner = ["env", KEEPALIVED_ENVIRONMENT, KEEPALIVED, "--dont-fork", "--log-console"];
      return [...runner, ...keepalivedArguments(files, logFacility)];
    },
    async untilUp(running, signal) {
      await untilNamed(running, files.pidFile, signal);
      await untilSaid(running, STARTED, signal);
    },
    async reload(running, signal) {
      sendSignal(running.pid, "SIGHUP");
      await untilSaid(running, RELOADED, signal);
      await running.guard();
    },
  };
}

/** Waits until the pid file names the process: others look there for it. */
async function untilNamed(running: RunningProgram, pidFile: string, signal: AbortSignal): Promise<void> {
  const named = await waitFor(async () => {
    await running.guard();
    return (await namedPid(pidFile)) === running.pid ? true : undefined;
  }, signal);
  if (!named) throw signal.reason;
}

async function untilSaid(running: RunningProgram, words: RegExp, signal: AbortSignal): Promise<void> {
  const silence = AbortSignal.timeout(SILENCE_MS);
  const look = async () => {
    await running.guard();
    return words.test(await running.output()) ? true : undefined;
  };
  await waitFor(look, AbortSignal.any([signal, silence]));
  signal.throwIfAborted();
}
