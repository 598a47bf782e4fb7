import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { parseJsonBody } from "../../../agent/api/json-body-parse.ts";

const bytes = (text: string) => Buffer.from(text);

suite("parseJsonBody", () => {
  for (const type of [
    "application/json",
    "APPLICATION/JSON",
    "application/json; charset=latin1",
    "application/vnd.x+json",
    "application/json ;a=b",
  ]) {
    test(`reads ${type}`, () => assert.deepEqual(parseJsonBody(type, bytes('{"a":1}')), { value: { a: 1 } }));
  }

  for (const type of [
    undefined,
    "",
    "text/plain",
    "text/json",
    "application/jsonx",
    "application/x+y",
    "json",
  ]) {
    test(`refuses the media type ${type}`, () => {
      assert.deepEqual(parseJsonBody(type, bytes("{}")), { problem: "the media type is not JSON" });
    });
  }

  for (const text of ["", "{", "{}x", '{"a":NaN}', "[".repeat(100_000), "undefined"]) {
    test(`refuses ${JSON.stringify(text.slice(0, 20))} as not JSON`, () => {
      assert.deepEqual(parseJsonBody("application/json", bytes(text)), { problem: "the body is not JSON" });
    });
  }

  test("refuses bytes that are not UTF-8", () => {
    const body = Buffer.from([0x22, 0xff, 0x22]);
    assert.deepEqual(parseJsonBody("application/json", body), { problem: "the body is not UTF-8" });
  });

  test("skips a byte order mark", () => {
    assert.deepEqual(parseJsonBody("application/json", bytes("\ufeff[]")), { value: [] });
  });

  test("returns a value or a problem for any bytes, and never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (body) => {
        const parsed = parseJsonBody("application/json", body);
        return "value" in parsed !== "problem" in parsed;
      }),
    );
  });

  test("gives back every JSON value", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        assert.deepEqual(parseJsonBody("application/json", bytes(text)), {
          value: JSON.parse(text) as unknown,
        });
      }),
    );
  });
});
