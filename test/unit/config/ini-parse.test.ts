import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseIni } from "../../../agent/config/ini-parse.ts";
import { AgentError } from "../../../agent/errors.ts";

const values = (text: string) =>
  parseIni(text, "f").map(({ section, name, value }) => `${section}.${name}=${value}`);

test("keeps section, name, value and line of each entry", () => {
  assert.deepEqual(parseIni("[a]\n# note\nx = 1\n\n[b]\ny: 2\n", "f"), [
    { section: "a", name: "x", value: "1", line: 3 },
    { section: "b", name: "y", value: "2", line: 6 },
  ]);
});

test("takes entries above the first section as DEFAULT", () => {
  assert.deepEqual(values("debug = True\n"), ["DEFAULT.debug=True"]);
});

test("reads option names with dashes as with underscores", () => {
  assert.deepEqual(values("[s]\nheartbeat-interval = 3"), ["s.heartbeat_interval=3"]);
});

test("joins continuation lines, comments between them left out", () => {
  assert.deepEqual(values("[s]\nlist = a,\n# why b\n  b,\n  c\nx = 1"), ["s.list=a,\nb,\nc", "s.x=1"]);
});

test("drops quotes around a whole value only", () => {
  assert.deepEqual(values(`[s]\na = "x y"\nb = 'x'\nc = "x" y\nd = "`), [
    "s.a=x y",
    "s.b=x",
    's.c="x" y',
    's.d="',
  ]);
});

test("splits at the first = or :", () => {
  assert.deepEqual(values("[s]\nk = a=b:c\nl: x = y"), ["s.k=a=b:c", "s.l=x = y"]);
});

test("keeps an empty value", () => {
  assert.deepEqual(values("[s]\nk =\n"), ["s.k="]);
});

for (const [text, expected] of [
  ["[s\nx = 1", "/etc/f, line 1: expected [section]"],
  ["[s]\njust words", '/etc/f, line 2: expected "option = value", found "just words"'],
  ["  indented", "/etc/f, line 1: a continuation line without a key above it"],
] as const) {
  test(`names file and line: ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseIni(text, "/etc/f"),
      (error: unknown) => error instanceof AgentError && error.message.startsWith(expected),
    );
  });
}

test("ends with entries or a typed error whatever the bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      try {
        return Array.isArray(parseIni(text, "f"));
      } catch (error) {
        return error instanceof AgentError;
      }
    }),
  );
});
