import assert from "node:assert/strict";
import { test } from "node:test";
import { renderSummary, type Summary } from "../../../agent/sandbox/render-summary.ts";

const SUMMARY: Summary = {
  ...{ passed: true, failures: [], stepsDone: 11, steps: 11, seconds: 31.24 },
  ...{ requestsSent: 3456, requestsFailed: 0, reloads: 12, reloadRequestsPerSecond: 249.7 },
  ...{ longestGapMs: 41.6, heartbeatsReceived: 30, heartbeatsOnTime: 29, heartbeatsRejected: 0 },
  ...{ startUpMs: 311.5, agentMemoryBytes: 60 * 2 ** 20 },
  machine: { cpu: "Example CPU", cores: 2, memoryBytes: 2 ** 30, os: "Debian GNU/Linux 12" },
};

test("tells every figure", () => {
  const text = renderSummary(SUMMARY).join("\n");
  for (const part of [
    "The sandbox held.",
    "11 of 11 in 31.2 s",
    "3456 sent, 0 failed",
    "12, under 250 requests/s",
    "42 ms between answers",
    "30 received, 29 on time, 0 rejected",
    "first answer after 312 ms, 60 MiB",
    "Example CPU, 2 cores, 1024 MiB",
    "Debian GNU/Linux 12",
  ])
    assert.ok(text.includes(part), `${part} is missing in\n${text}`);
});

test("says first, and whole, what did not hold", () => {
  const failure = `requests failed: ${"x".repeat(200)}`;
  const [first, second] = renderSummary({ ...SUMMARY, passed: false, failures: [failure] });
  assert.equal(first, "The sandbox did NOT hold:");
  assert.equal(second, `  ${failure}`);
});
