import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "../../../agent/doctor/finding.ts";
import { type Check, runChecks } from "../../../agent/doctor/run-checks.ts";
import { AgentError } from "../../../agent/errors.ts";
import { FakeClock } from "../heartbeat/fake-clock.ts";

const FINDING = findingsOf("clock").warning(null, "it is late", "wind it up");

test("checks run beside each other, and their results stay in order", async () => {
  const order: string[] = [];
  const first = Promise.withResolvers<void>();
  const checks: Check[] = [
    {
      name: "units",
      run: async () => {
        await first.promise;
        order.push("units");
        return [];
      },
    },
    {
      name: "clock",
      run: async () => {
        order.push("clock");
        first.resolve();
        return Promise.resolve([FINDING]);
      },
    },
  ];
  const results = await runChecks(checks, 1_000, new FakeClock());
  assert.deepEqual(order, ["clock", "units"]);
  assert.deepEqual(
    results.map(({ check, findings }) => [check, findings.length]),
    [
      ["units", 0],
      ["clock", 1],
    ],
  );
});

test("a check that fails is a warning with its reason", async () => {
  const run = () =>
    Promise.reject(new AgentError("commandFailed", "ip failed", { details: "no such\nfile" }));
  const [result] = await runChecks([{ name: "network", run }], 1_000, new FakeClock());
  assert.deepEqual(
    result?.findings.map(({ severity, text }) => [severity, text]),
    [["warning", "network could not be checked: ip failed: no such"]],
  );
});

test("a check that takes too long is told to stop, and nobody waits for it", async () => {
  const clock = new FakeClock();
  let told: AbortSignal | undefined;
  const run = (signal: AbortSignal) => {
    told = signal;
    return new Promise<never>(() => undefined);
  };
  const running = runChecks([{ name: "members", run }], 1_000, clock);
  await clock.advance(1_000);
  const [result] = await running;
  assert.equal(result?.findings[0]?.text, "members could not be checked: it took more than 1 s");
  assert.ok(told?.aborted);
});
