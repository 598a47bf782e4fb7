import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY_MODEL, HISTORY, nextModel, sortMembers } from "../../../agent/top/plan-model.ts";
import type { Model, Sample } from "../../../agent/top/types.ts";
import { aListener, aMember, VIEW } from "./some-rows.ts";

function aSample(atMs: number, requests: number, errors = 0): Sample {
  return {
    atMs,
    listeners: [aListener({ requests })],
    members: [aMember({ requests, errors })],
    silent: [],
  };
}

const after = (...samples: Sample[]): Model => samples.reduce(nextModel, EMPTY_MODEL);

test("the first sample has no rates yet", () => {
  const [member] = after(aSample(0, 500)).members;
  assert.deepEqual([member?.requestRate, member?.errorRate, member?.history], [0, 0, []]);
});

test("rates are per second, whatever the interval was", () => {
  const { members, listeners } = after(aSample(0, 500, 2), aSample(2_500, 750, 7));
  assert.deepEqual([members[0]?.requestRate, members[0]?.errorRate], [100, 2]);
  assert.equal(listeners[0]?.requestRate, 100);
});

test("counters that a reload has reset count from zero", () => {
  assert.equal(after(aSample(0, 500), aSample(1_000, 30)).members[0]?.requestRate, 30);
});

test("history is as long as a sparkline, the newest last", () => {
  const samples = Array.from({ length: HISTORY + 5 }, (_, index) => aSample(index * 1_000, index * index));
  const history = after(...samples).members[0]?.history ?? [];
  assert.equal(history.length, HISTORY);
  assert.equal(history.at(-1), (HISTORY + 4) ** 2 - (HISTORY + 3) ** 2);
});

test("who comes starts without a rate, and who goes is forgotten", () => {
  const model = after(aSample(0, 500), {
    ...aSample(1_000, 600),
    members: [aMember({ key: "new", requests: 9 })],
  });
  assert.deepEqual(
    model.members.map(({ key, requestRate }) => [key, requestRate]),
    [["new", 0]],
  );
});

test("two samples of the same moment do not divide by zero", () => {
  assert.equal(after(aSample(5, 500), aSample(5, 600)).members[0]?.requestRate, 0);
});

test("members stand in the order that is asked for, and equals stay where they are", () => {
  const members = [
    aMember({ key: "a", requestRate: 1, errorRate: 5, queue: 1, latencyMs: 9, connections: 2 }),
    aMember({ key: "b", requestRate: 3, errorRate: 0, queue: 1, latencyMs: 1, connections: 1 }),
    aMember({ key: "c", requestRate: 3, errorRate: 7, queue: 2, latencyMs: 5, connections: 3 }),
  ];
  const order = (view: Partial<typeof VIEW>) =>
    sortMembers(members, { ...VIEW, ...view })
      .map(({ key }) => key)
      .join("");
  assert.equal(order({}), "bca");
  assert.equal(order({ ascending: true }), "abc");
  assert.equal(order({ sort: "errors" }), "cab");
  assert.equal(order({ sort: "queue" }), "cab");
  assert.equal(order({ sort: "latency" }), "acb");
  assert.equal(order({ sort: "connections" }), "cab");
});
