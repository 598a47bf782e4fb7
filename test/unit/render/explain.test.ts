import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeExplanation, encodeMark, markLines, parseMarks } from "../../../agent/render/explain.ts";

test("marks the lines of a template that print, and keeps the others as they are", () => {
  const source = [
    "# {{name}}",
    "",
    "{{#each vips}}",
    "    {{> vip}}",
    "{{! nothing }}",
    "    bind {{address}} {",
    "{{else if x}}",
    "{{else}}",
    "{{/each}}",
    "} end",
    "{{~! the end ~}}",
  ];
  assert.deepEqual(markLines(source.join("\n")).split("\n"), [
    "{{mark}}# {{name}}",
    "",
    "{{#each vips}}",
    "    {{> vip}}",
    "{{! nothing }}",
    "{{mark}}    bind {{address}} {",
    "{{else if x}}",
    "{{else}}",
    "{{/each}}",
    "} end{{mark}}",
    "{{~! the end ~}}",
  ]);
});

test("reads each line's first mark, and leaves no mark in the text", () => {
  const [one, two] = [encodeMark({ path: "$.a" }), encodeMark({ path: "$.b" })];
  assert.deepEqual(parseMarks(`${one}first\n\n${one}${two}sec${one}ond\nnowhere ${encodeMark("x")}\n`), [
    { path: "$.a", text: "first" },
    { path: "", text: "" },
    { path: "$.a", text: "second" },
    { path: "", text: "nowhere " },
  ]);
});

test("a text without a line break at its end has no line more", () => {
  assert.equal(parseMarks("a\nb").length, 2);
  assert.equal(parseMarks("a\nb\n").length, 2);
});

test("prints the paths as a column of comments", () => {
  const lines = [
    { path: "$.a", text: "first {" },
    { path: "$.a.long", text: "    second" },
    { path: "", text: "" },
  ];
  assert.equal(encodeExplanation(lines), "# $.a      | first {\n# $.a.long |     second\n#          |\n");
});
