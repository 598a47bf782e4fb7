/** Executes steps with `ip -batch` and weighs what failed (docs/contract/network.md, 4.3 to 4.7). */
import { setTimeout as sleep } from "node:timers/promises";
import { AgentError } from "../errors.ts";
import type { Logger } from "../system/logger.ts";
import { encodeStep, familyOf } from "./encode-batch.ts";
import type { Netns } from "./netns.ts";
import { type LineFailure, parseBatchReport } from "./parse-batch.ts";
import type { Family, Step } from "./types.ts";

const RETRY_DELAY_MS = 200;
const ATTEMPTS = 21;

interface StepFailure extends LineFailure {
  readonly step: Step;
}

export interface Applier {
  readonly netns: Netns;
  readonly logger: Logger;
}

/**
 * Applies steps in order, IPv4 before IPv6. What fails is passed over or fatal by kind: see `isFatal`.
 * @throws AgentError `commandFailed` for the first fatal failure, when all other steps have been tried
 */
export async function applySteps(applier: Applier, steps: readonly Step[]): Promise<void> {
  let failures = await withoutRefusedMtu(applier, await runOnce(applier.netns, steps));
  for (let attempt = 2; attempt <= ATTEMPTS && failures.some(isRetryable); attempt++) {
    const settled = failures.filter((failure) => !isRetryable(failure));
    await sleep(RETRY_DELAY_MS);
    const again = failures.filter(isRetryable).map(({ step }) => step);
    failures = [...settled, ...(await runOnce(applier.netns, again))];
  }
  for (const failure of failures) report(applier.logger, failure);
  const [fatal] = failures.filter(isFatal);
  if (fatal) throw new AgentError("commandFailed", `ip ${encodeStep(fatal.step)}: ${fatal.message}`);
}

/** A link with the wrong MTU is better than a link that is down: the kernel refuses both in one request. */
async function withoutRefusedMtu(applier: Applier, failures: StepFailure[]): Promise<StepFailure[]> {
  const refused = failures.filter(({ step }) => step.kind === "link.up" && step.mtu !== undefined);
  for (const failure of refused) report(applier.logger, failure);
  const plain = refused.flatMap(({ step }) => (step.kind === "link.up" ? [{ ...step, mtu: undefined }] : []));
  const rest = failures.filter((failure) => !refused.includes(failure));
  return [...(await runOnce(applier.netns, plain)), ...rest];
}

async function runOnce(netns: Netns, steps: readonly Step[]): Promise<StepFailure[]> {
  const inet = await runBatch(netns, 4, steps);
  return [...inet, ...(await runBatch(netns, 6, steps))];
}

async function runBatch(netns: Netns, family: Family, all: readonly Step[]): Promise<StepFailure[]> {
  const steps = all.filter((step) => familyOf(step) === family);
  if (steps.length === 0) return [];
  const input = steps.map((step) => `${encodeStep(step)}\n`).join("");
  // Links and `addr flush` concern both families, so that "-4" would be wrong.
  const option = family === 6 ? ["-6"] : [];
  const { exitCode, output } = await netns.ip([...option, "-force", "-batch", "-"], input);
  const { failures, aborted } = parseBatchReport(output, exitCode);
  if (aborted !== undefined) throw new AgentError("commandFailed", `ip stopped early: ${aborted}`);
  return failures.flatMap((failure) => {
    const step = steps[failure.line];
    return step === undefined ? [] : [{ ...failure, step }];
  });
}

function isRetryable({ step, meaning }: StepFailure): boolean {
  return meaning === "notYet" && (step.kind === "route.add" || step.kind === "rule.add");
}

/** Host routes are users' business, and what cannot be deleted is mostly gone already; the rest must work. */
function isFatal({ step, meaning }: StepFailure): boolean {
  const mustWork = step.kind === "address.add" || step.kind === "rule.add" || step.kind === "link.up";
  return mustWork && meaning !== "exists";
}

function report(logger: Logger, { step, message, meaning }: StepFailure): void {
  const fields = { step: encodeStep(step), said: message };
  if (meaning === "exists" || meaning === "missing") {
    logger.debug({ event: "network.step.skipped", ...fields }, "the network was as wanted already");
  } else {
    logger.warn({ event: "network.step.failed", ...fields }, "a change of the network was refused");
  }
}
