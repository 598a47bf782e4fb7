import assert from "node:assert/strict";
import { test } from "node:test";
import { kindOf } from "../../../agent/healing/kind-of.ts";

test("a difference is counted by its first word, and an address by its full name", () => {
  assert.equal(kindOf("addr add 203.0.113.5/32 dev eth1 scope global"), "address");
  assert.equal(kindOf("file /var/lib/octavia/vrrp/check_script.sh"), "file");
  assert.equal(kindOf("sysctl net.ipv4.ip_forward=1"), "sysctl");
});
