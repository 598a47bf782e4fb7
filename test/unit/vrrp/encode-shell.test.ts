import assert from "node:assert/strict";
import { test } from "node:test";
import { quoteWord } from "../../../agent/vrrp/encode-shell.ts";

for (const [value, word] of [
  ["/var/lib/octavia/x.sock", "/var/lib/octavia/x.sock"],
  ["a-b_c:d@e%f+g,h", "a-b_c:d@e%f+g,h"],
  ["", "''"],
  ["a b", "'a b'"],
  ["~", "'~'"],
  ["a=b", "'a=b'"],
  ["it's", "'it'\\''s'"],
  ['$x`y`"z"\\', "'$x`y`\"z\"\\'"],
  ["*?[!]", "'*?[!]'"],
  ["a\nb", "'a\nb'"],
] as const) {
  test(`${JSON.stringify(value)} is one word to a shell, and stands for itself`, () => {
    assert.equal(quoteWord(value), word);
  });
}
