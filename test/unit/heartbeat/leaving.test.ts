import assert from "node:assert/strict";
import { test } from "node:test";
import { buildMessage } from "../../../agent/heartbeat/message.ts";
import type { Count, CounterTable } from "../../../agent/heartbeat/types.ts";
import type { LeavingSample, ListenerSample } from "../../../agent/loadbalancer/types.ts";

/** A listener whose counters are all alike. */
const aListener = (count: Count, currentConnections: Count = 0): ListenerSample => ({
  id: "li",
  status: "OPEN",
  currentConnections,
  counters: { bin: count, bout: count, ereq: count, stot: count },
});

const leaving = (worker: string, count: Count, connections: Count = 0): LeavingSample => ({
  ...aListener(count, connections),
  worker,
});

function beat(table: CounterTable, present: ListenerSample, ...workers: LeavingSample[]) {
  const sample = { listeners: [present], pools: [], ...(workers.length > 0 && { leaving: workers }) };
  const { message, counters } = buildMessage("a", 0, [sample], table);
  const { rx, conns } = message.listeners.li?.stats ?? {};
  return { rx, conns, table: counters };
}

test("what a replaced worker still counts is reported, and its successor counts from zero", () => {
  const before = beat(new Map(), aListener(100));
  const first = beat(before.table, aListener(7, 2), leaving("w1", 130, 5));
  assert.deepEqual([first.rx, first.conns], [37, 7]);
  const second = beat(first.table, aListener(200, 1), leaving("w1", 131));
  assert.deepEqual([second.rx, second.conns], [194, 1]);
  const third = beat(second.table, aListener(201), leaving("w1", 131));
  assert.equal(third.rx, 1);
});

test("of two workers that were replaced at once the older one had the last counters", () => {
  const { table } = beat(new Map(), aListener(100));
  assert.equal(beat(table, aListener(1), leaving("w1", 110), leaving("w2", 50)).rx, 61);
});

test("a worker that has told all is forgotten", () => {
  const { table } = beat(beat(new Map(), aListener(100)).table, aListener(7), leaving("w1", 130));
  assert.deepEqual([...table.keys()], ["li", "li@w1"]);
  const last = beat(table, aListener(9));
  assert.equal(last.rx, 2);
  assert.deepEqual([...last.table.keys()], ["li"]);
  assert.equal(beat(last.table, aListener(9)).table, last.table);
});

test("a worker of a load balancer that did not answer this time is not forgotten", () => {
  const { table } = beat(beat(new Map(), aListener(100)).table, aListener(7), leaving("w1", 130));
  assert.equal(buildMessage("a", 0, [], table).counters, table);
});

test("counters that a double cannot hold stay exact", () => {
  const large = 2n ** 60n;
  const { table } = beat(new Map(), aListener(0));
  assert.equal(beat(table, aListener(large), leaving("w1", 1)).rx, large + 1n);
});
