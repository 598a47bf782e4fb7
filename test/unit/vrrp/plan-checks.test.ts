import assert from "node:assert/strict";
import { test } from "node:test";
import { planHaproxyCheck } from "../../../agent/vrrp/plan-checks.ts";

const SOCKET = "/var/lib/octavia/a.sock";

test("every HAProxy that is meant to run is asked, on one line without an end", () => {
  assert.equal(
    planHaproxyCheck({ sockets: [SOCKET, "/var/lib/octavia/b.sock"], hasLvsListeners: true }),
    "haproxy-vrrp-check /var/lib/octavia/a.sock /var/lib/octavia/b.sock; exit $?",
  );
});

test("an amphora where nothing should run must not hold the VIP: no check succeeds by asking nobody", () => {
  assert.equal(planHaproxyCheck({ sockets: [], hasLvsListeners: false }), "exit 1");
});

test("with LVS listeners alone there is no check of HAProxy", () => {
  assert.equal(planHaproxyCheck({ sockets: [], hasLvsListeners: true }), undefined);
});

test("a path that means something to a shell is quoted", () => {
  assert.equal(
    planHaproxyCheck({ sockets: ["/a b/$(id);'x'.sock"], hasLvsListeners: false }),
    `haproxy-vrrp-check '/a b/$(id);'\\''x'\\''.sock'; exit $?`,
  );
});
