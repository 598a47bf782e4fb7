/** A program that runs for as long as the agent does, and tells something now and then. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { FIXED_ENVIRONMENT } from "./run.ts";

export interface FollowedProgram {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  close(): void;
}

/**
 * Starts a program and hands its lines on. It ends with us: by `close`, or when nobody reads it any more.
 * @param onEnd - called once when it ended by itself, or could not be started
 */
export function followProgram(
  file: string,
  args: readonly string[],
  onLine: (line: string) => void,
  onEnd: (reason: string) => void,
): FollowedProgram {
  const child = spawn(file, args, {
    cwd: "/",
    env: FIXED_ENVIRONMENT,
    stdio: ["ignore", "pipe", "ignore"],
  });
  let isOver = false;
  const end = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    onEnd(reason);
  };
  child.once("error", (error) => end(error.message));
  child.once("exit", (code, signal) => end(signal ?? `exit code ${code}`));
  createInterface(child.stdout).on("line", (line) => {
    if (!isOver) onLine(line);
  });
  // It must not keep the agent from ending.
  child.unref();
  (child.stdout as { unref?: () => void }).unref?.();
  return {
    pid: child.pid,
    close: () => {
      isOver = true;
      child.kill("SIGTERM");
    },
  };
}
