/** Runs checks beside each other, each with a time limit. */
import { AgentError, asError } from "../errors.ts";
import { type Clock, settledWithin } from "../system/clock.ts";
import { findingsOf } from "./finding.ts";
import type { CheckName, CheckResult, Finding } from "./types.ts";

export interface Check {
  readonly name: CheckName;
  /** Looks and judges. @param signal - aborted at the time limit */
  readonly run: (signal: AbortSignal) => Promise<readonly Finding[]>;
}

/**
 * A check that fails or is late is a warning of its own: nobody knows what it would have found.
 * @returns in the order of the checks
 */
export function runChecks(checks: readonly Check[], limitMs: number, clock: Clock): Promise<CheckResult[]> {
  return Promise.all(checks.map((check) => runCheck(check, limitMs, clock)));
}

async function runCheck({ name, run }: Check, limitMs: number, clock: Clock): Promise<CheckResult> {
  const started = clock.now();
  const ending = new AbortController();
  const running = run(ending.signal).catch((error: unknown) => [unknown(name, reasonOf(error))]);
  const isDone = await settledWithin(clock, limitMs, running);
  ending.abort(new Error("the check took too long"));
  const findings = isDone ? await running : [unknown(name, `it took more than ${limitMs / 1_000} s`)];
  return { check: name, milliseconds: Math.round(clock.now() - started), findings };
}

function unknown(name: CheckName, reason: string): Finding {
  const text = `${name} could not be checked: ${reason}`;
  return findingsOf(name).warning(null, text, "run amphora doctor again, as root; amphora doctor --report");
}

function reasonOf(error: unknown): string {
  const { message } = asError(error);
  const details = error instanceof AgentError ? error.details?.trim().split("\n", 1)[0] : undefined;
  return details ? `${message}: ${details}` : message;
}
