import assert from "node:assert/strict";
import { test } from "node:test";
import { BACKENDS, LISTENER_ID, POOL_ID } from "../../../agent/sandbox/scene.ts";
import { listenerConfig, memberStatus, poolConfig } from "../../../agent/sandbox/story-config.ts";

const [ONE, TWO] = BACKENDS;

test("gives both backends the weight 1 unless told otherwise", () => {
  assert.deepEqual(
    poolConfig().members.map(({ memberId, weight }) => [memberId, weight]),
    [
      [ONE.memberId, 1],
      [TWO.memberId, 1],
    ],
  );
  assert.deepEqual(
    poolConfig({ weights: [3, 1] }).members.map(({ weight }) => weight),
    [3, 1],
  );
});

test("a changed client timeout changes the configuration, so that a reload has something to do", () => {
  const texts = new Set([1, 2, 3].map((clientTimeoutMs) => listenerConfig({ clientTimeoutMs })));
  assert.equal(texts.size, 3);
});

test("finds a member's status under its pool and listener", () => {
  const members = new Map([[ONE.memberId, "UP 1/2"]]);
  const pools = new Map([[`${POOL_ID}:${LISTENER_ID}`, { status: "UP", members }]]);
  const heartbeat = { amphoraId: "a", sequence: 0, listeners: new Map(), pools };
  assert.equal(memberStatus(heartbeat, ONE.memberId), "UP 1/2");
  assert.equal(memberStatus(heartbeat, TWO.memberId), undefined);
  assert.equal(memberStatus(undefined, ONE.memberId), undefined);
});
