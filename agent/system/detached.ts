/** Programs that go on when the agent ends, and their end when it does not. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import process from "node:process";
import { AgentError, systemErrorCode } from "../errors.ts";
import { FIXED_ENVIRONMENT } from "./run.ts";

export interface Detached {
  readonly pid: number;
  /** Resolves when it ends, with the way in which it did: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>;
}

/**
 * Starts a program in a session of its own: no signal for our group reaches it, and nothing of it
 * depends on us. What it prints is appended to a file, which never blocks it and outlives us, unlike a pipe.
 * @param outputFile - created with mode 0600 when it is missing
 * @throws AgentError `commandFailed` when the program cannot be started; the system error of the output file
 */
export async function startDetached(
  file: string,
  args: readonly string[],
  outputFile: string,
): Promise<Detached> {
  await using output = await open(outputFile, "a", 0o600);
  const child = spawn(file, args, {
    cwd: "/",
    detached: true,
    env: FIXED_ENVIRONMENT,
    stdio: ["ignore", output.fd, output.fd],
  });
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
  try {
    await once(child, "spawn");
  } catch (cause) {
    const details = systemErrorCode(cause);
    throw new AgentError("commandFailed", `cannot start ${file}`, { details, cause });
  }
  child.unref();
  if (child.pid === undefined) throw new AgentError("commandFailed", `${file} has no process id`);
  return { pid: child.pid, ended };
}

/**
 * Sends a signal to a process, or with a negative number to a process group.
 * @returns false when there is no such process
 */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (systemErrorCode(error) === "ESRCH") return false;
    throw error;
  }
}
