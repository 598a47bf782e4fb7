import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHeartbeat } from "../../../agent/sandbox/health-parse.ts";

const STATS = { tx: 9000, rx: 1000, conns: 3, totconns: 40, ereq: 2 };

function aMessage(changes: object = {}): object {
  return {
    ...{ id: "amphora", seq: 7, ver: 3 },
    listeners: { listener: { status: "OPEN", stats: STATS } },
    pools: { "pool:listener": { status: "UP", members: { one: "UP", two: "no check" } } },
    ...changes,
  };
}

test("reads listeners, pools and members", () => {
  const heartbeat = parseHeartbeat(aMessage());
  assert.equal(heartbeat.amphoraId, "amphora");
  assert.equal(heartbeat.sequence, 7);
  assert.deepEqual(heartbeat.listeners.get("listener"), { status: "OPEN", newConnections: 40 });
  assert.deepEqual(
    [...(heartbeat.pools.get("pool:listener")?.members ?? [])],
    [
      ["one", "UP"],
      ["two", "no check"],
    ],
  );
});

test("accepts an amphora without listeners", () => {
  const heartbeat = parseHeartbeat(aMessage({ listeners: {}, pools: {} }));
  assert.equal(heartbeat.listeners.size + heartbeat.pools.size, 0);
});

const REFUSED: [string, object, RegExp][] = [
  ["another version", { ver: 2 }, /version 2/],
  ["no id", { id: undefined }, /id is not a text/],
  ["a broken sequence number", { seq: 1.5 }, /seq is not an integer/],
  ["listeners as a list", { listeners: [] }, /listeners is not an object/],
  ["a listener without statistics", { listeners: { a: { status: "OPEN" } } }, /a\.stats is not an object/],
  ["no pools", { pools: undefined }, /pools is not an object/],
  [
    "a member without status",
    { pools: { p: { status: "UP", members: { m: 1 } } } },
    /members\.m is not a text/,
  ],
];

for (const [what, changes, reason] of REFUSED) {
  test(`refuses a heartbeat with ${what}`, () => {
    assert.throws(() => parseHeartbeat(aMessage(changes)), reason);
  });
}

test("refuses what is not an object at all", () => {
  assert.throws(() => parseHeartbeat("heartbeat"), /message is not an object/);
});
