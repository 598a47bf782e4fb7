import assert from "node:assert/strict";
import { before, test } from "node:test";
import { amphoraOutput, assertUntouched, machineState, privateTemporaryFiles } from "./sandbox-machine.ts";

before(privateTemporaryFiles);

test("plays the whole story without a failed request, and leaves the machine as it was", async () => {
  const machine = await machineState();
  const { code, stdout, stderr } = await amphoraOutput("sandbox", "--once", "--json");
  assert.equal(code, 0, stderr);
  const summary = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual(
    { passed: summary.passed, failures: summary.failures, failed: summary.requestsFailed },
    { passed: true, failures: [], failed: 0 },
  );
  assert.equal(summary.stepsDone, summary.steps);
  assert.ok(Number(summary.reloads) >= 10);
  assert.ok(Number(summary.reloadRequestsPerSecond) >= 200);
  assert.ok(Number(summary.heartbeatsReceived) > 10);
  await assertUntouched(machine);
});
