import assert from "node:assert/strict";
import { test } from "node:test";
import { lvsLayout, parseConfigName } from "../../../agent/lvs/layout.ts";
import { parseObjectId } from "../../../agent/object-id.ts";

const id = parseObjectId("0b2b6c81-dee3-4785-8a2f-f918238ce668");
assert.ok(id);

test("a listener's files have the names that the contract gives them", () => {
  const stem = `/var/lib/octavia/lvs/octavia-keepalivedlvs-${id}`;
  const layout = lvsLayout("/var/lib/octavia", id);
  assert.equal(layout.config, `${stem}.conf`);
  assert.equal(layout.pidFile, `${stem}.pid`);
  assert.equal(layout.vrrpPidFile, `${stem}.vrrp.pid`);
  assert.equal(layout.checkPidFile, `${stem}.check.pid`);
});

test("a listener is known by the name of its configuration", () => {
  assert.equal(parseConfigName(`octavia-keepalivedlvs-${id}.conf`), id);
});

for (const name of [
  `octavia-keepalivedlvs-${id}.pid`,
  `octavia-keepalivedlvs-${id}.conf.5f0c.tmp`,
  "octavia-keepalivedlvs-.conf",
  "octavia-keepalivedlvs-a b.conf",
  "octavia-keepalivedlvs-...conf",
  `${id}.conf`,
]) {
  test(`${name} is no listener's configuration`, () => {
    assert.equal(parseConfigName(name), undefined);
  });
}
