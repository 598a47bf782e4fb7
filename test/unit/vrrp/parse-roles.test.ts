import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeRoles, parseRoles } from "../../../agent/vrrp/parse-roles.ts";

test("what was kept is read again", () => {
  const instances = [{ name: "a", role: "MASTER", since: "2026-01-02T03:04:05.678Z" }] as const;
  const roles = { keepalived: "41 1795258677645286000", instances };
  assert.deepEqual(parseRoles(encodeRoles(roles)), roles);
});

for (const text of [
  "",
  "null",
  "[]",
  "{",
  '{"keepalived":1,"instances":[]}',
  '{"keepalived":"1 2","instances":{}}',
  '{"keepalived":"1 2","instances":[null]}',
  '{"keepalived":"1 2","instances":[{"name":"a","role":"KING","since":"x"}]}',
  '{"keepalived":"1 2","instances":[{"name":"a","role":"MASTER"}]}',
]) {
  test(`${JSON.stringify(text)} is not a record of roles`, () => {
    assert.equal(parseRoles(text), undefined);
  });
}
