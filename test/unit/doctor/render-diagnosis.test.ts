import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "../../../agent/doctor/finding.ts";
import { renderDiagnosis } from "../../../agent/doctor/render-diagnosis.ts";
import type { Diagnosis, Finding } from "../../../agent/doctor/types.ts";

const { failure, warning } = findingsOf("members");
const OPTIONS = { width: 80, colours: false, most: 2 };

function aDiagnosis(findings: readonly Finding[]): Diagnosis {
  return {
    format_version: 1,
    time: "2026-11-21T12:00:00Z",
    amphora_id: null,
    findings,
    checks: [
      { name: "state", milliseconds: 0 },
      { name: "members", milliseconds: 5 },
    ],
  };
}

test("health is one line", () => {
  assert.equal(renderDiagnosis(aDiagnosis([]), OPTIONS), "healthy: 2 checks found nothing wrong\n");
});

test("a finding has its verdict and its remedy, and a sum ends the page", () => {
  const text = renderDiagnosis(aDiagnosis([failure("a", "it is broken", "mend it")]), OPTIONS);
  assert.equal(text, "FAILURE  it is broken\n         -> mend it\n\n1 failure, 0 warnings\n");
});

test("long sentences are broken below their beginning", () => {
  const long = Array.from({ length: 30 }, (_, index) => `word${index}`).join(" ");
  const lines = renderDiagnosis(aDiagnosis([warning(null, long, long)]), OPTIONS).split("\n");
  for (const line of lines) assert.ok(line.length <= 80, line);
  assert.match(lines[1] ?? "", /^ {9}word\d/);
  assert.ok(lines.some((line) => line.startsWith(`${" ".repeat(12)}word`)));
});

test("of many findings of one kind some are shown and the others counted, however severe", () => {
  const many = Array.from({ length: 5 }, (_, index) => failure(`m${index}`, `m${index} refuses`, "start it"));
  const text = renderDiagnosis(aDiagnosis([...many, warning(null, "something else", "look")]), OPTIONS);
  assert.match(text, /m1 refuses/);
  assert.doesNotMatch(text, /m2 refuses/);
  assert.match(text, /something else/);
  assert.match(text, /and 3 more of the same kind: --all shows them\n\n5 failures, 1 warning\n$/);
});

test("colours are an option", () => {
  const findings = [failure("a", "broken", "mend")];
  assert.ok(renderDiagnosis(aDiagnosis(findings), { ...OPTIONS, colours: true }).includes("\x1b["));
  assert.ok(!renderDiagnosis(aDiagnosis(findings), OPTIONS).includes("\x1b["));
});
