import assert from "node:assert/strict";
import { test } from "node:test";
import { Fields } from "../../../agent/network/parse-fields.ts";

const of = (value: unknown): Fields => Fields.of(value, "body", (reason) => new Error(reason));

test("errors say where and what", () => {
  const fields = of({ a: { list: [{ n: "x" }] }, flag: 1, texts: [1] });
  assert.throws(() => of(null), /^Error: body is not an object$/);
  assert.throws(() => fields.text("b"), /body\.b is missing/);
  assert.throws(
    () => fields.optionalFields("a")?.optionalItems("list")[0]?.integer("n"),
    /body\.a\.list\[0\]\.n is not a whole number/,
  );
  assert.throws(() => fields.optionalFlag("flag"), /not true or false/);
  assert.throws(() => fields.optionalTexts("texts"), /not a list of strings/);
});

test("members of the object's prototype are not members", () => {
  assert.equal(of({}).has("toString"), false);
  assert.equal(of({}).optionalText("constructor"), undefined);
});

test("null is told apart from missing only when asked", () => {
  const fields = of({ a: null });
  assert.equal(fields.optionalText("a"), undefined);
  assert.equal(fields.has("a"), true);
  assert.equal(fields.isNull("a"), true);
  assert.equal(fields.isNull("b"), false);
});
