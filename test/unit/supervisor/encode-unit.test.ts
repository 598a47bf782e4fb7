import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeArgument, encodeWord } from "../../../agent/supervisor/encode-unit.ts";

for (const [value, word, argument] of [
  ["/var/lib/octavia/x.pid", "/var/lib/octavia/x.pid", "/var/lib/octavia/x.pid"],
  ["/a b", '"/a b"', '"/a b"'],
  ["/100%", '"/100%%"', '"/100%%"'],
  ['say "hi"', '"say \\"hi\\""', '"say \\"hi\\""'],
  ["back\\slash", '"back\\\\slash"', '"back\\\\slash"'],
  ["$HOME/$X", '"$HOME/$X"', '"$$HOME/$$X"'],
  ["a&b<c>'d'", `"a&b<c>'d'"`, `"a&b<c>'d'"`],
  ["a;b", '"a;b"', '"a;b"'],
  ["", '""', '""'],
] as const) {
  test(`${JSON.stringify(value)} is one word to systemd, and stands for itself`, () => {
    assert.equal(encodeWord(value), word);
    assert.equal(encodeArgument(value), argument);
  });
}

test("a control character is refused: it could begin a line of its own", () => {
  assert.throws(() => encodeWord("/a\nExecStart=/bin/evil"), /control character/);
});
