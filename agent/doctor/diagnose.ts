/** Looks for what is wrong with this amphora, closer than its status does; changes nothing. */
import { namespaceFromRoot } from "../network/netns.ts";
import type { Facts } from "../status/facts.ts";
import type { Status } from "../status/types.ts";
import { systemClock } from "../system/clock.ts";
import { tryRun } from "../system/run.ts";
import { judgeStatus } from "./judge-status.ts";
import { fileChecks } from "./look-at-files.ts";
import { networkChecks } from "./look-at-network.ts";
import { otherChecks } from "./look-at-others.ts";
import { type Check, runChecks } from "./run-checks.ts";
import type { Diagnosis, Finding } from "./types.ts";

/** Nobody may be waited for longer, whatever is broken. */
const LIMIT_MS = 10_000;

/**
 * @param facts - what the status was made from
 * @param status - its problems are findings as well
 */
export async function diagnose(facts: Facts, status: Status): Promise<Diagnosis> {
  const results = await runChecks(checksFor(facts), LIMIT_MS, systemClock);
  const found = results.flatMap(({ findings }) => findings);
  const findings = [...judgeStatus(status.problems, found), ...found];
  return {
    format_version: 1,
    time: status.time,
    amphora_id: status.amphora_id,
    findings: [...findings.filter(isFailure), ...findings.filter((finding) => !isFailure(finding))],
    checks: [
      { name: "state", milliseconds: 0 },
      ...results.map(({ check: name, milliseconds }) => ({ name, milliseconds })),
    ],
  };
}

/** Without a configuration nothing but the status is known, and that says so. */
function checksFor(facts: Facts): Check[] {
  if (!("value" in facts.config)) return [];
  const parts = { facts, config: facts.config.value, netns: namespaceFromRoot(tryRun) };
  return [...fileChecks(parts), ...networkChecks(parts), ...otherChecks(parts)];
}

function isFailure({ severity }: Finding): boolean {
  return severity === "failure";
}
