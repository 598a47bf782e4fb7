import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { encodeCounters, parseCounters } from "../../../agent/heartbeat/counters-parse.ts";

suite("the file of last counters", () => {
  for (const text of ["", "{not json", "[]", "null", "7", '"text"']) {
    test(`has no counters when it holds ${JSON.stringify(text)}`, () => {
      assert.equal(parseCounters(text), undefined);
    });
  }

  test("may have listeners with some metrics only, and metrics of its own", () => {
    const parsed = parseCounters(
      '{"a": {"bin": 1}, "b": {"bin": 1, "bout": 2, "ereq": 3, "stot": 4, "other": 5}}',
    );
    assert.deepEqual(Object.fromEntries(parsed ?? []), {
      a: { bin: 1 },
      b: { bin: 1, bout: 2, ereq: 3, stot: 4, other: 5 },
    });
  });

  test("loses what is no counter", () => {
    const parsed = parseCounters(
      '{"a": 5, "b": [1], "c": {"bin": "1", "bout": null, "ereq": 1.5, "stot": 2}}',
    );
    assert.deepEqual(Object.fromEntries(parsed ?? []), { c: { stot: 2 } });
  });

  test("is read as it was written, at every size of number", () => {
    const count = fc.bigInt({ min: 0n, max: 2n ** 64n }).map((exact) => {
      return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
    });
    const counts = fc.record(
      { bin: count, bout: count, ereq: count, stot: count },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), counts)), (entries) => {
        const counters = new Map(entries);
        const read = parseCounters(encodeCounters(counters));
        assert.deepEqual(new Set(read), new Set(counters));
      }),
    );
  });
});
