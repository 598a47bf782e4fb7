import assert from "node:assert/strict";
import { test } from "node:test";
import { afterDashes, withDashes } from "../../../agent/cli/command-line.ts";

test("options behind another program's name are that program's", () => {
  assert.deepEqual(withDashes(["exec", "ip", "-br", "addr"]), ["exec", "--", "ip", "-br", "addr"]);
  assert.deepEqual(withDashes(["exec", "--", "ip", "-br"]), ["exec", "--", "ip", "-br"]);
});

test("options of our own stay ours", () => {
  assert.deepEqual(withDashes(["exec", "--help"]), ["exec", "--help"]);
  assert.deepEqual(withDashes(["exec"]), ["exec"]);
  assert.deepEqual(withDashes(["haproxy", "show", "--master"]), ["haproxy", "show", "--master"]);
  assert.deepEqual(withDashes([]), []);
});

test("words behind the dashes are text, whatever they look like", () => {
  assert.deepEqual(afterDashes({ "--": ["-n", 5] }), ["-n", "5"]);
  assert.deepEqual(afterDashes({}), []);
});
