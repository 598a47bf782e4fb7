import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerState } from "../../../../agent/loadbalancer/runtime/parse-servers-state.ts";
import { findMismatch, isSamePlace } from "../../../../agent/loadbalancer/runtime/plan-verification.ts";
import { sectionsOf } from "./sections.ts";

const [section] = sectionsOf(
  "backend b\n server m1 2001:db8:0::1:80 weight 5 check addr 10.0.0.9\n server x www.example.org:80",
);
if (!section) throw new Error("no section");
const [server] = section.servers;

function aState(changes: Partial<ServerState> = {}): ServerState {
  return {
    backend: "b",
    name: "m1",
    address: "2001:db8::1",
    port: 80,
    weight: 5,
    isDisabled: false,
    isDraining: false,
    isChecked: true,
    checkAddress: "10.0.0.9",
    checkPort: 0,
    ...changes,
  };
}

test("HAProxy has what is configured, however it writes an address", () => {
  assert.equal(findMismatch(section, [aState(), aState({ name: "x" })]), undefined);
});

for (const [changes, mismatch] of [
  [{ address: "2001:db8::2" }, "m1 has the address 2001:db8::2"],
  [{ port: 81 }, "m1 has port 81"],
  [{ weight: 4 }, "m1 has weight 4"],
  [{ isDisabled: true }, "m1 is disabled"],
  [{ isDraining: true }, "m1 drains"],
  [{ isChecked: false }, "m1 is not checked"],
  [{ name: "m2" }, "m1 is not there"],
] as const) {
  test(`${mismatch}: that is found`, () => assert.equal(findMismatch(section, [aState(changes)]), mismatch));
}

test("a server that should be gone is found", () => {
  assert.equal(findMismatch(section, [aState(), aState({ name: "m2" })]), "m2 is still there");
});

test("health is that of an endpoint: another place of it, or of its checks, is another one", () => {
  assert.ok(server);
  assert.equal(isSamePlace(server, aState()), true);
  for (const changes of [
    { port: 81 },
    { address: "10.0.0.1" },
    { checkPort: 81 },
    { checkAddress: undefined },
  ]) {
    assert.equal(isSamePlace(server, aState(changes)), false);
  }
});
