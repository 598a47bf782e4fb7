import assert from "node:assert/strict";
import { test } from "node:test";
import { BACKENDS, LISTENER_ID, POOL_ID } from "../../../agent/sandbox/scene.ts";
import { loadBalancer, memberStatus, pool } from "../../../agent/sandbox/story-config.ts";

const [ONE, TWO] = BACKENDS;

test("gives both backends the weight 1 unless told otherwise", () => {
  assert.deepEqual(
    pool().members?.map(({ member_id, weight }) => [member_id, weight]),
    [
      [ONE.memberId, 1],
      [TWO.memberId, 1],
    ],
  );
  assert.deepEqual(
    pool({ weights: [3, 1] }).members?.map(({ weight }) => weight),
    [3, 1],
  );
});

test("has a default pool when there is one", () => {
  assert.equal(loadBalancer({}).listeners?.[0]?.default_pool_id, undefined);
  const { listeners, pools } = loadBalancer({ pool: pool() });
  assert.equal(listeners?.[0]?.default_pool_id, POOL_ID);
  assert.deepEqual(pools, [pool()]);
});

test("finds a member's status under its pool and listener", () => {
  const members = new Map([[ONE.memberId, "UP 1/2"]]);
  const pools = new Map([[`${POOL_ID}:${LISTENER_ID}`, { status: "UP", members }]]);
  const heartbeat = { amphoraId: "a", sequence: 0, listeners: new Map(), pools };
  assert.equal(memberStatus(heartbeat, ONE.memberId), "UP 1/2");
  assert.equal(memberStatus(heartbeat, TWO.memberId), undefined);
  assert.equal(memberStatus(undefined, ONE.memberId), undefined);
});
