import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { editConfig } from "../../../agent/loadbalancer/edit-config.ts";

const current = { major: 2, minor: 6 };

test("the group line in global is removed, with its line break", () => {
  assert.equal(
    editConfig("global\n    daemon\n    group nogroup\n    user nobody\n", current),
    "global\n    daemon\n    user nobody\n",
  );
});

for (const line of [
  "group nogroup",
  "\tgroup haproxy",
  "    group haproxy # the distribution's",
  "group x\r",
]) {
  test(`"${line.trim()}" is a group line however it is written`, () => {
    assert.equal(editConfig(`global\n${line}\n    daemon\n`, current), "global\n    daemon\n");
  });
}

test("a global section that comes again has its group line removed too", () => {
  const text = "global\n    daemon\ndefaults\n    mode tcp\nglobal\n    group a\n    maxconn 5\n";
  assert.equal(editConfig(text, current), text.replace("    group a\n", ""));
});

test("the word group anywhere else stays", () => {
  const text = [
    "# one group of servers",
    "global",
    "    # group nogroup",
    "    description one group x",
    "    group",
    "    group a b",
    "    groups x",
    "frontend group f",
    "    group nogroup",
    '    acl a hdr(x) -m str "a group x"',
    "userlist u",
    "    group admins users a,b",
    "backend b",
    "    server s 10.0.0.1:80 group x",
    "",
  ].join("\n");
  assert.equal(editConfig(text, current), text);
});

test("external checks go where HAProxy does not know them", () => {
  const text =
    "global\n    external-check\nbackend b\n    option external-check\n    external-check command /x\n    option httplog\n";
  assert.equal(editConfig(text, { major: 1, minor: 5 }), "global\nbackend b\n    option httplog\n");
});

for (const version of [
  { major: 1, minor: 6 },
  { major: 2, minor: 0 },
  { major: 3, minor: 1 },
]) {
  test(`external checks stay with HAProxy ${version.major}.${version.minor}`, () => {
    const text = "backend b\n    option external-check\n    external-check command /x\n";
    assert.equal(editConfig(text, version), text);
  });
}

test("text without a group line stays byte for byte", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      fc.pre(!text.includes("group"));
      assert.equal(editConfig(text, current), text);
    }),
  );
});
