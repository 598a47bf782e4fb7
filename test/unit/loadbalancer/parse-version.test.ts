import assert from "node:assert/strict";
import { test } from "node:test";
import { isAtLeast, parseHaproxyVersion } from "../../../agent/loadbalancer/parse-version.ts";

for (const [text, major, minor] of [
  ["HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/\nStatus: long-term", 2, 6],
  ["HA-Proxy version 1.5.18 2016/05/10\nCopyright", 1, 5],
  ["HAProxy version 3.10-dev2-abc 2026/01/01", 3, 10],
] as const) {
  test(`${major}.${minor} is read from "${text.split("\n")[0]}"`, () => {
    assert.deepEqual(parseHaproxyVersion(text), { major, minor });
  });
}

test("other output has no version", () => {
  assert.equal(parseHaproxyVersion("command not found"), undefined);
});

test("versions compare by major, then by minor number", () => {
  assert.equal(isAtLeast({ major: 1, minor: 10 }, 1, 9), true);
  assert.equal(isAtLeast({ major: 1, minor: 8 }, 1, 9), false);
  assert.equal(isAtLeast({ major: 2, minor: 0 }, 1, 9), true);
  assert.equal(isAtLeast({ major: 1, minor: 9 }, 1, 9), true);
});
