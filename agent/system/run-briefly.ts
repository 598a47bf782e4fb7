/** Runs a program that ends soon and says little, without what `run.ts` loads for the others. */
import { execFile } from "node:child_process";
import { AgentError } from "../errors.ts";
import { FIXED_ENVIRONMENT } from "./run.ts";

const LIMIT_MS = 10_000;

/** @throws AgentError `commandFailed` with the program's own words as `details` */
export function runBriefly(file: string, args: readonly string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  execFile(file, args, { env: FIXED_ENVIRONMENT, timeout: LIMIT_MS }, (error, _stdout, stderr) => {
    if (error === null) return resolve();
    const details = stderr.trim().slice(0, 4096) || error.message;
    reject(new AgentError("commandFailed", `${file} failed`, { details }));
  });
  return promise;
}
