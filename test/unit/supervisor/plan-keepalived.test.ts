import assert from "node:assert/strict";
import { test } from "node:test";
import { lvsLayout } from "../../../agent/lvs/layout.ts";
import { parseObjectId } from "../../../agent/object-id.ts";
import { keepalivedArguments } from "../../../agent/supervisor/plan-keepalived.ts";

const id = parseObjectId("26262800-85cb-4689-8410-6fdbc89dba94");
assert.ok(id);

test("the VRRP keepalived gets its configuration, its pid file and the administrative log facility", () => {
  const files = { config: "/b/vrrp/octavia-keepalived.conf", pidFile: "/b/vrrp/octavia-keepalived.pid" };
  assert.deepEqual(keepalivedArguments(files, 3), [
    "--log-facility=3",
    "-f",
    "/b/vrrp/octavia-keepalived.conf",
    "-p",
    "/b/vrrp/octavia-keepalived.pid",
  ]);
});

test("an LVS listener's keepalived has pid files of its own for each of its processes", () => {
  const stem = `/b/lvs/octavia-keepalivedlvs-${id}`;
  assert.deepEqual(keepalivedArguments(lvsLayout("/b", id), 1), [
    "--log-facility=1",
    ...["-f", `${stem}.conf`],
    ...["-p", `${stem}.pid`],
    ...["-r", `${stem}.vrrp.pid`],
    ...["-c", `${stem}.check.pid`],
  ]);
});
