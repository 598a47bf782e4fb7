import assert from "node:assert/strict";
import { test } from "node:test";
import { parseWords } from "../../../../agent/loadbalancer/runtime/parse-words.ts";

for (const [name, line, words] of [
  ["white space of any kind separates words", "  server\ta   10.0.0.1:80\r", ["server", "a", "10.0.0.1:80"]],
  ["an empty line has none", " \t", []],
  ["a comment is none", "maxconn 5 # not 6", ["maxconn", "5"]],
  ["an escaped character is one like any other", "log-format a\\ b\\#c", ["log-format", "a b#c"]],
  ["single quotes keep everything", "x 'a \"$b\" \\' c", ["x", 'a "$b" \\', "c"]],
  [
    "double quotes keep blanks, not escapes of their own kind",
    'x "a \\"b\\" \\$c # d"',
    ["x", 'a "b" $c # d'],
  ],
  ["pieces without a blank between them are one word", "a'b'\"c\"d", ["abcd"]],
  ["an empty word in quotes is a word", 'x ""', ["x", ""]],
  ["a hexadecimal code is its character", "x \\x41b", ["x", "Ab"]],
] as const) {
  test(name, () => assert.deepEqual(parseWords(line), words));
}

for (const [name, line] of [
  ["a value of the environment", 'x "$HOME"'],
  ["a double quote without its end", 'x "a'],
  ["a single quote without its end", "x 'a"],
] as const) {
  test(`${name} keeps a line from being compared`, () => assert.equal(parseWords(line), undefined));
}
