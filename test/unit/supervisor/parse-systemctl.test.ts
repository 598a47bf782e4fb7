import assert from "node:assert/strict";
import { test } from "node:test";
import {
  isMeantToRun,
  judgeSystemctl,
  parseUptime,
  wasJustStarted,
} from "../../../agent/supervisor/parse-systemctl.ts";

test("exit code 0 is success, whatever was printed", () => {
  assert.equal(judgeSystemctl(0, "haproxy-x.service is not active, cannot reload."), "done");
});

test("a job that runs already is success", () => {
  assert.equal(judgeSystemctl(1, "Failed to start: Job is already running"), "done");
});

test("a reload of what is not active is told from other failures", () => {
  assert.equal(judgeSystemctl(1, "haproxy-x.service is not active, cannot reload.\n"), "notActive");
  assert.equal(judgeSystemctl(1, "Job for haproxy-x.service failed"), "failed");
  assert.equal(judgeSystemctl(5, ""), "failed");
});

test("the uptime is read from HAProxy's own information", () => {
  assert.equal(parseUptime("Name: HAProxy\nUptime: 0d 0h00m07s\nUptime_sec: 7\nMemmax_MB: 0\n"), 7);
  assert.equal(parseUptime(""), undefined);
});

for (const [uptime, expected] of [
  [0, false],
  [1, true],
  [15, true],
  [16, false],
] as const) {
  test(`a HAProxy of ${uptime} s was ${expected ? "" : "not "}started just now`, () => {
    assert.equal(wasJustStarted(`Uptime_sec: ${uptime}\n`), expected);
  });
}

test("a HAProxy that does not answer was not started just now", () => {
  assert.equal(wasJustStarted(""), false);
});

for (const [properties, isMeant] of [
  ["ActiveState=active\nJob=0\n", true],
  ["Job=0\nActiveState=activating\n", true],
  ["ActiveState=reloading\nJob=0\n", true],
  ["ActiveState=failed\nJob=0\n", true],
  ["ActiveState=inactive\nJob=118\n", true],
  ["ActiveState=inactive\nJob=0\n", false],
  ["ActiveState=deactivating\nJob=118\n", false],
  ["ActiveState=deactivating\nJob=0\n", true],
  ["", false],
] as const) {
  test(`a unit with ${JSON.stringify(properties)} is ${isMeant ? "" : "not "}meant to run`, () => {
    assert.equal(isMeantToRun(properties), isMeant);
  });
}
