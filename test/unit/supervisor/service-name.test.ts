import assert from "node:assert/strict";
import { test } from "node:test";
import { parseObjectId } from "../../../agent/object-id.ts";
import { logFields, unitName } from "../../../agent/supervisor/service-name.ts";

const id = parseObjectId("26262800-85cb-4689-8410-6fdbc89dba94");
assert.ok(id);

test("every kind of service has a unit with the name that controllers' operators know", () => {
  assert.equal(unitName({ kind: "haproxy", id }), `haproxy-${id}.service`);
  assert.equal(unitName({ kind: "vrrp" }), "octavia-keepalived.service");
  assert.equal(unitName({ kind: "lvs", id }), `octavia-keepalivedlvs-${id}.service`);
});

test("log lines say which service they are about", () => {
  assert.deepEqual(logFields({ kind: "haproxy", id }), { service: "haproxy", lbId: id });
  assert.deepEqual(logFields({ kind: "vrrp" }), { service: "vrrp" });
  assert.deepEqual(logFields({ kind: "lvs", id }), { service: "lvs", listenerId: id });
});
