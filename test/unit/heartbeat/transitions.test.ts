import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Transitions } from "../../../agent/heartbeat/transitions.ts";

suite("what is logged about a failing part", () => {
  test("is its first failure, and each new reason", () => {
    const parts = new Transitions();
    const news = ["timeout", "timeout", "refused", "timeout"].map((reason) => parts.failed("a", reason));
    assert.deepEqual(news, [true, false, true, true]);
  });

  test("is its recovery, once", () => {
    const parts = new Transitions();
    parts.failed("a", "timeout");
    assert.deepEqual([parts.works("b"), parts.works("a"), parts.works("a")], [false, true, false]);
    assert.equal(parts.failed("a", "timeout"), true);
  });
});
