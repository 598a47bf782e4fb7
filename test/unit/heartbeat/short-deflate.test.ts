import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { suite, test } from "node:test";
import { inflateSync } from "node:zlib";
import fc from "fast-check";
import { deflateShort, SHORT_TEXT } from "../../../agent/heartbeat/short-deflate.ts";

const inflated = (bytes: Uint8Array): string => inflateSync(bytes).toString("utf8");

suite("short texts, compressed one after the other", () => {
  test("inflate to themselves, whatever came before", () => {
    const text = fc
      .string({ unit: "grapheme", maxLength: 2_000 })
      .filter(({ length }) => length <= SHORT_TEXT);
    fc.assert(fc.property(text, (each) => assert.equal(inflated(deflateShort(each)), each)));
  });

  test("may be empty, and as long as the limit in characters of any length", () => {
    for (const text of ["", "x".repeat(SHORT_TEXT), "€".repeat(SHORT_TEXT), "😀".repeat(SHORT_TEXT / 2)]) {
      assert.equal(inflated(deflateShort(text)), text);
    }
  });

  test("may be ones that compress to more than they are long", () => {
    const text = Array.from(randomBytes(2 * SHORT_TEXT).toString("utf16le"))
      .join("")
      .slice(0, SHORT_TEXT)
      .toWellFormed();
    const bytes = deflateShort(text);
    assert.ok(bytes.length > SHORT_TEXT, `${bytes.length}`);
    assert.equal(inflated(bytes), text);
    assert.equal(inflated(deflateShort("{}")), "{}");
  });

  test("begin like a stream of level 9 with the largest window", () => {
    assert.equal(Buffer.from(deflateShort("{}").subarray(0, 2)).toString("hex"), "78da");
  });
});
