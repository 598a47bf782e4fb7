import assert from "node:assert/strict";
import { test } from "node:test";
import {
  judgeControllers,
  judgeDuplicates,
  judgeMembers,
  judgePaths,
  type Reached,
} from "../../../agent/doctor/judge-reach.ts";

const controller = (reached: Reached) => judgeControllers([{ address: "192.0.2.1:5555", reached }]);
const member = (reached: Reached) => judgeMembers([{ id: "m1", address: "[2001:db8::1]:80", reached }]);

test("a controller that says nothing is as it should be: nobody answers a heartbeat", () => {
  assert.deepEqual(controller("silence"), []);
});

test("what comes back for a heartbeat is a failure, each in words of its own", () => {
  for (const [code, words] of [
    ["ECONNREFUSED", "refuses"],
    ["EHOSTUNREACH", "cannot be reached: no host answers there"],
    ["ENETUNREACH", "cannot be reached: there is no route"],
    ["ENOTFOUND", "has no address: the name is unknown"],
    ["EWHATEVER", "cannot be reached: EWHATEVER"],
  ] as const) {
    const [finding] = controller({ code });
    assert.equal(finding?.text, `the controller 192.0.2.1:5555 ${words}`);
    assert.equal(finding?.severity, "failure");
  }
  assert.match(controller({ code: "ECONNREFUSED" })[0]?.remedy ?? "", /health manager/);
  assert.match(controller({ code: "ENETUNREACH" })[0]?.remedy ?? "", /management network/);
});

test("a member has to answer, and how it does not decides what to look at", () => {
  assert.deepEqual(member("yes"), []);
  const [refused] = member({ code: "ECONNREFUSED" });
  assert.equal(refused?.text, "member m1, [2001:db8::1]:80, refuses");
  assert.match(refused?.remedy ?? "", /program run/);
  const [silent] = member("silence");
  assert.equal(silent?.text, "member m1, [2001:db8::1]:80, does not answer");
  assert.match(silent?.remedy ?? "", /ip route get \[2001:db8::1\];/);
});

test("an address that another host answers for is a failure", () => {
  const probe = { device: "eth1", address: "203.0.113.5" };
  assert.deepEqual(judgeDuplicates([{ ...probe, isAnswered: false }]), []);
  assert.equal(judgeDuplicates([{ ...probe, isAnswered: true }])[0]?.object, "203.0.113.5");
});

test("a path is too narrow only when smaller packets are known to get through", () => {
  const path = { host: "10.0.0.1", device: "eth1", linkMtu: 1_500 };
  assert.deepEqual(judgePaths([{ ...path, largest: 1_500 }]), []);
  assert.deepEqual(judgePaths([{ ...path, largest: undefined }]), []);
  const [finding] = judgePaths([{ ...path, largest: 1_400 }]);
  assert.equal(finding?.text, "packets of 1500 bytes to 10.0.0.1 vanish, and 1400 bytes get through");
});
