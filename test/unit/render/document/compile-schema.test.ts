import assert from "node:assert/strict";
import { test } from "node:test";
import { compileSchema } from "../../../../agent/render/document/compile-schema.ts";
import { ROOT } from "../../../../agent/render/document/problem.ts";

for (const [title, schema] of [
  ["a keyword", { multipleOf: 2 }],
  ["a keyword of a property", { properties: { a: { oneOf: [] } } }],
  ["a type", { type: "number" }],
  ["a reference", { $ref: "https://example.org/schema" }],
  ["a reference to nothing", { $ref: "#/$defs/nothing", $defs: {} }],
  ["a negation", { not: { enum: [1] } }],
] as const) {
  test(`refuses a schema with ${title} that it would not check`, () => {
    assert.throws(() => compileSchema(schema), /^Error: (?:the schema has|no such schema)/);
  });
}

test("checks the smallest and the largest number", () => {
  const validate = compileSchema({
    properties: { a: { minimum: 1, maximum: 3 }, b: { maximum: 3 }, c: { minimum: 1 } },
  });
  assert.deepEqual(validate({ a: 1, b: 3, c: 1 }, ROOT), []);
  const problems = validate({ a: 0, b: 4, c: 0 }, ROOT);
  assert.deepEqual(
    problems.map(({ path, expected }) => `${path} ${expected}`),
    ["$.a 1 to 3", "$.b at most 3", "$.c at least 1"],
  );
});

test("keywords of other types do not count", () => {
  const validate = compileSchema({
    minLength: 1,
    minimum: 1,
    minItems: 1,
    required: ["a"],
    pattern: "x",
    items: { type: "null" },
  });
  for (const value of [true, null, "x", 1]) assert.deepEqual(validate(value, ROOT), []);
});

test("a list of problems has an end", () => {
  const validate = compileSchema({ items: { type: "string" } });
  assert.equal(validate(new Array(100_000).fill(1), ROOT).length, 1_000);
});
