/** Runs a program to its end: argument vectors only, bounded in time and output. */
import { AgentError } from "../errors.ts";

export interface RunOptions {
  /** Text for standard input; without it the program reads end-of-file. */
  readonly input?: string | undefined;
  /** Milliseconds until the program is ended; 10 000 unless given. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Outcome {
  /** 0 for success; a program that a signal or the time limit ended counts as 1. */
  readonly exitCode: number;
  /** Standard output. */
  readonly stdout: string;
  /** Standard output and standard error, in order. */
  readonly output: string;
}

/** Runs a program and hands back whatever it ended with; throws only when it could not be run at all. */
export type Try = (file: string, args: readonly string[], options?: RunOptions) => Promise<Outcome>;

/** Runs a program that must succeed and returns its standard output. */
export type Run = (file: string, args: readonly string[], options?: RunOptions) => Promise<string>;

const OUTPUT_LIMIT = 4 * 1024 * 1024;
/** What a program of ours gets to see of the environment. */
export const FIXED_ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
};

/**
 * @throws AgentError `commandFailed` when the program is missing or may not be run, with the system error as its
 * cause; the abort signal's own reason when it was aborted
 */
export const tryRun: Try = async (file, args, options = {}) => {
  const { input, timeoutMs = 10_000, signal } = options;
  // Loaded with the first program that is run: the API answers before that.
  const { execa } = await import("execa");
  const result = await execa(file, args, {
    env: FIXED_ENVIRONMENT,
    extendEnv: false,
    timeout: timeoutMs,
    forceKillAfterDelay: 2_000,
    maxBuffer: OUTPUT_LIMIT,
    reject: false,
    all: true,
    stripFinalNewline: false,
    ...(input === undefined ? { stdin: "ignore" } : { input }),
    ...(signal && { cancelSignal: signal }),
  });
  signal?.throwIfAborted();
  if (result.exitCode === undefined && !result.timedOut && !result.isTerminated) {
    const { originalMessage: details, cause } = result;
    throw new AgentError("commandFailed", `cannot run ${file}`, { details, cause });
  }
  const output = result.timedOut ? `${result.all}\n${file} did not end within ${timeoutMs} ms` : result.all;
  return { exitCode: result.exitCode ?? 1, stdout: result.stdout, output };
};

/** @throws AgentError `commandFailed` with the program's own words as `details` */
export const run: Run = async (file, args, options) => {
  const outcome = await tryRun(file, args, options);
  if (outcome.exitCode !== 0) {
    throw new AgentError("commandFailed", `${file} failed with exit code ${outcome.exitCode}`, {
      details: outcome.output.trim().slice(0, 4096),
    });
  }
  return outcome.stdout;
};
