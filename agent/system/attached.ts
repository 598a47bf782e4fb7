/** Programs that take over the terminal of whoever called us, until they end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import process from "node:process";
import { AgentError, systemErrorCode } from "../errors.ts";

/** A user's PATH may lack where system programs are. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** They come from the terminal, which sends them to the program as well: whether to end is its decision. */
const FROM_TERMINAL = ["SIGINT", "SIGQUIT"] as const;
const PASSED_ON = ["SIGTERM", "SIGHUP"] as const;
/** What shells add to the number of the signal that has ended a program (POSIX shell command language, 2.8.2). */
const SIGNALLED = 128;

/**
 * Runs a program with our standard input, output and environment.
 * @returns its exit code, as a shell has it: 128 and the signal's number when a signal ended it
 * @throws AgentError `commandFailed` when it cannot be started
 */
export async function runAttached(file: string, args: readonly string[]): Promise<number> {
  const env = { ...process.env, PATH: [process.env.PATH, PATH].filter(Boolean).join(":") };
  const child = spawn(file, args, { stdio: "inherit", env });
  const ignore = (): void => undefined;
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const name of FROM_TERMINAL) process.on(name, ignore);
  for (const name of PASSED_ON) process.on(name, passOn);
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return code ?? SIGNALLED + (signal ? constants.signals[signal] : 0);
  } catch (cause) {
    const details = systemErrorCode(cause);
    throw new AgentError("commandFailed", `cannot start ${file}`, { details, cause });
  } finally {
    for (const name of FROM_TERMINAL) process.off(name, ignore);
    for (const name of PASSED_ON) process.off(name, passOn);
  }
}
