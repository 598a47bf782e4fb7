import assert from "node:assert/strict";
import { test } from "node:test";
import {
  backoffMs,
  countEnds,
  nextState,
  type ProcessEvent,
  type ProcessState,
  planResume,
} from "../../../agent/supervisor/plan-process.ts";

const after = (...events: ProcessEvent[]) =>
  events.reduce<ProcessState>((state, event) => nextState(state, event) ?? state, "stopped");

for (const [story, events, state] of [
  ["started and serving", ["start", "up"], "running"],
  ["started again while it runs", ["start", "up", "start"], "running"],
  ["adopted", ["up"], "running"],
  ["ended by itself", ["start", "up", "ended"], "waiting"],
  ["ended before it served", ["start", "ended"], "waiting"],
  ["started again when due", ["start", "ended", "due"], "starting"],
  ["started by hand before it was due", ["start", "ended", "start"], "starting"],
  ["told to stop", ["up", "stop"], "stopping"],
  ["ended as told", ["up", "stop", "ended"], "stopped"],
  ["told to stop while it waits for its next start", ["up", "ended", "stop"], "stopped"],
  ["due after it was stopped", ["up", "ended", "stop", "due"], "stopped"],
  ["stopped twice", ["up", "stop", "ended", "stop"], "stopped"],
  ["told to start before it has ended", ["up", "stop", "start"], "stopping"],
] as const) {
  test(`a HAProxy that is ${story} is ${state}`, () => {
    assert.equal(after(...events), state);
  });
}

test("the first start after an end comes soon, later ones at growing distances up to a limit", () => {
  const delays = [1, 2, 3, 4, 9, 10, 100].map((attempt) => backoffMs(attempt, 0));
  assert.deepEqual(delays, [100, 200, 400, 800, 25_600, 30_000, 30_000]);
});

test("chance adds up to a quarter", () => {
  assert.equal(backoffMs(1, 0.5), 113);
  assert.ok(backoffMs(1_000, 0.999_999) < 37_501);
});

test("ends are counted while it never runs for long", () => {
  assert.equal(countEnds(0, 50), 1);
  assert.equal(countEnds(3, 9_999), 4);
  assert.equal(countEnds(3, 10_000), 1);
});

const present = { bootId: "now", isRunning: false };

test("a HAProxy that runs is adopted, also one that was being stopped", () => {
  assert.equal(planResume({ wanted: "running", bootId: "now" }, { ...present, isRunning: true }), "adopt");
  assert.equal(planResume({ wanted: "stopped", bootId: "now" }, { ...present, isRunning: true }), "adopt");
});

test("a HAProxy that should run is started, a stopped one is left alone", () => {
  assert.equal(planResume({ wanted: "running", bootId: "now" }, present), "start");
  assert.equal(planResume({ wanted: "stopped", bootId: "now" }, present), "leave");
});

test("after a boot every HAProxy is started, whatever an old pid file says", () => {
  assert.equal(planResume({ wanted: "stopped", bootId: "then" }, { ...present, isRunning: true }), "start");
  assert.equal(planResume({ wanted: "running", bootId: "then" }, present), "start");
});
