import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { suite, test } from "node:test";
import { inflateSync } from "node:zlib";
import fc from "fast-check";
import { deflateShort, SHORT_TEXT } from "../../../agent/heartbeat/short-deflate.ts";

const inflated = (bytes: Uint8Array): string => inflateSync(bytes).toString("utf8");

suite("short texts, compressed one after the other", () => {
  test("inflate to themselves, whatever came before, in however many parts", () => {
    const part = fc.oneof(fc.string({ unit: "grapheme", maxLength: 1_000 }), fc.constantFrom(...PARTS));
    const parts = fc
      .array(part, { maxLength: 5 })
      .filter((each) => each.join("").length <= SHORT_TEXT && each.every((text) => text.isWellFormed()));
    fc.assert(
      fc.property(parts, (each) => assert.equal(inflated(deflateShort(each)), each.join(""))),
      {
        numRuns: 300,
      },
    );
  });

  test("may be empty, and as long as the limit in characters of any length", () => {
    for (const text of ["", "x".repeat(SHORT_TEXT), "€".repeat(SHORT_TEXT), "😀".repeat(SHORT_TEXT / 2)]) {
      assert.equal(inflated(deflateShort([text])), text);
    }
  });

  test("may be ones that compress to more than they are long", () => {
    const text = Array.from(randomBytes(2 * SHORT_TEXT).toString("utf16le"))
      .join("")
      .slice(0, SHORT_TEXT)
      .toWellFormed();
    const bytes = deflateShort([text]);
    assert.ok(bytes.length > SHORT_TEXT, `${bytes.length}`);
    assert.equal(inflated(bytes), text);
    assert.equal(inflated(deflateShort(["{}"])), "{}");
  });

  test("take hardly more space in parts than as one", () => {
    const [first = "", second = ""] = PARTS;
    const asOne = deflateShort([first + second]).length;
    const inParts = deflateShort(["{", first, second]).length;
    assert.ok(inParts < 1.2 * asOne + 20, `${inParts} and ${asOne} bytes`);
  });

  test("begin like a stream of level 9 with the largest window", () => {
    assert.equal(deflateShort(["{}"]).subarray(0, 2).toString("hex"), "78da");
  });

  test("leave room behind them", () => {
    const whole = deflateShort(["{}"]);
    assert.deepEqual(deflateShort(["{}"], 64).subarray(0, -64), whole);
  });
});

/** Long enough to be compressed. */
const PARTS = ["listeners", "pools"].map((name) =>
  JSON.stringify({ [name]: Array.from({ length: 20 }, (_, index) => ({ [`${name}-${index}`]: "UP" })) }),
);
