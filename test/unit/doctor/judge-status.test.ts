import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "../../../agent/doctor/finding.ts";
import { judgeStatus } from "../../../agent/doctor/judge-status.ts";
import type { Problem } from "../../../agent/status/types.ts";

function aProblem(problem: Partial<Problem> = {}): Problem {
  return { severity: "error", subject: "member", object: "m1", text: "member m1 is DOWN", ...problem };
}

test("an error is a failure, a warning is one, and each has a remedy", () => {
  const findings = judgeStatus([aProblem(), aProblem({ severity: "warning", subject: "agent" })], []);
  assert.deepEqual(
    findings.map(({ check, severity }) => [check, severity]),
    [
      ["state", "failure"],
      ["state", "warning"],
    ],
  );
  for (const { remedy } of findings) assert.ok(remedy.length > 10);
});

test("what a closer look says of the same member is not said twice", () => {
  const closer = findingsOf("members").failure("m1", "member m1 refuses", "start it");
  assert.deepEqual(judgeStatus([aProblem()], [closer]), []);
  assert.equal(judgeStatus([aProblem({ object: "m2" })], [closer]).length, 1);
});

test("a problem of another kind is told, whatever else is known of its object", () => {
  const closer = findingsOf("network").warning("eth1", "eth1 has an MTU of 1400", "set it");
  const problem = aProblem({ subject: "interface", object: "eth1", text: "eth1 has no link" });
  assert.equal(judgeStatus([problem], [closer]).length, 1);
});

test("what is to be done about a read-only disk is not what is to be done about a full one", () => {
  const remedyOf = (text: string) =>
    judgeStatus([aProblem({ subject: "machine", object: null, text })], [])[0]?.remedy ?? "";
  assert.match(remedyOf("the disk is read-only: nothing can be changed"), /remount/);
  assert.match(remedyOf("the disk is full: nothing can be changed"), /df -h/);
});
