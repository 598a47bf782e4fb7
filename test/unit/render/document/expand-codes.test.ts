import assert from "node:assert/strict";
import { test } from "node:test";
import { expandCodes } from "../../../../agent/render/document/expand-codes.ts";

const expand = (text: string) => expandCodes(text, "$.codes");

test("takes codes apart at commas and the blanks behind them", () => {
  assert.deepEqual(expand("200,201,  202"), ["200", "201", "202"]);
  assert.deepEqual(expand(" 200 ,201"), [" 200 ", "201"]);
  assert.deepEqual(expand(",, ,"), []);
});

test("a range is inclusive, without leading zeros, and what follows its second number does not count", () => {
  assert.deepEqual(expand("007-010"), ["10", "7", "8", "9"]);
  assert.deepEqual(expand("200-201-x"), ["200", "201"]);
  assert.deepEqual(expand("204-200"), []);
});

test("each code is there once, sorted by code point", () => {
  assert.deepEqual(expand("500,200-201,200,\u{1f600},\ue000"), ["200", "201", "500", "\ue000", "\u{1f600}"]);
});

test("refuses a range without numbers, and one that names more codes than there are", () => {
  assert.throws(() => expand("200-"), {
    details: '$.codes: expected codes and ranges such as 200-204; found "200-"',
  });
  assert.throws(() => expand("a-b"), { details: /codes and ranges/ });
  assert.throws(() => expand("0-999999999"), { details: /at most 1000 codes/ });
  assert.throws(() => expand(Array.from({ length: 9 }, (_, n) => `${n}000-${n}900`).join()), {
    details: /at most/,
  });
});
