import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeConnections, type Ports, type Tracking } from "../../../agent/doctor/judge-connections.ts";

const NO_PORTS: Ports = { range: [32_768, 60_999], used: [] };

function tracking(values: Partial<Tracking>): Tracking {
  return { count: 0, max: 1_000, dropped: 0, ...values };
}

const severityOf = (values: Partial<Tracking>) =>
  judgeConnections(tracking(values), NO_PORTS).map(({ severity, text }) => [severity, text]);

test("a kernel that tracks no connections has room", () => {
  assert.deepEqual(judgeConnections(undefined, NO_PORTS), []);
});

test("the table of connections is fine, a warning, a failure", () => {
  assert.deepEqual(severityOf({ count: 799 }), []);
  assert.deepEqual(severityOf({ count: 800 }), [
    ["warning", "800 of 1000 places for tracked connections are taken"],
  ]);
  assert.deepEqual(severityOf({ count: 950 }), [
    ["failure", "950 of 1000 places for tracked connections are taken"],
  ]);
});

test("packets that were dropped once are told while there is room again", () => {
  assert.deepEqual(severityOf({ dropped: 3 }), [
    ["warning", "3 packets were dropped because the table of connections was full"],
  ]);
});

test("ports count for each destination", () => {
  const used = (count: number): Ports => ({
    range: [1_000, 1_099],
    used: [{ from: "10.0.0.1", to: "10.0.0.2:80", count }],
  });
  assert.deepEqual(judgeConnections(undefined, used(79)), []);
  assert.equal(judgeConnections(undefined, used(80))[0]?.severity, "warning");
  const [finding] = judgeConnections(undefined, used(95));
  assert.equal(finding?.severity, "failure");
  assert.equal(finding?.text, "95 of 100 ports for connections from 10.0.0.1 to 10.0.0.2:80 are taken");
});
