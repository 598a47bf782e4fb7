import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseExact, stringifyExact } from "../../../agent/heartbeat/exact-json.ts";

suite("exact JSON", () => {
  test("reads integers as numbers as long as these hold them", () => {
    assert.deepEqual(parseExact("[9007199254740991, 9007199254740992, -9007199254740993, 1.5, 1e400]"), [
      9007199254740991,
      9007199254740992n,
      -9007199254740993n,
      1.5,
      Number.POSITIVE_INFINITY,
    ]);
  });

  test("writes a bigint like any other number", () => {
    assert.equal(stringifyExact({ a: [2n ** 64n, 1], b: "x" }), '{"a":[18446744073709551616,1],"b":"x"}');
  });
});
