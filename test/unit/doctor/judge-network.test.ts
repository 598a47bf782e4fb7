import assert from "node:assert/strict";
import { test } from "node:test";
import { type InterfacePlan, judgeNetwork } from "../../../agent/doctor/judge-network.ts";
import type { RouteStep, Step } from "../../../agent/network/types.ts";

const ROUTE: RouteStep = {
  device: "eth1",
  family: 4,
  destination: "0.0.0.0/0",
  gateway: "203.0.113.1",
  source: undefined,
  table: "1",
  onlink: true,
  linkScope: false,
};
const ADDRESS = { device: "eth1", family: 4, address: "203.0.113.5", prefix: 32 } as const;
const RULE = { family: 4, source: "203.0.113.5", prefix: 32, table: "1" } as const;

function aPlan(plan: Partial<InterfacePlan> = {}): InterfacePlan {
  return { name: "eth1", mtu: { wanted: 1450, found: 1450 }, steps: [], ...plan };
}

const textOf = (step: Step) => judgeNetwork([aPlan({ steps: [step] })]).map(({ text }) => text);

test("an interface that needs no step is as it should be", () => {
  assert.deepEqual(judgeNetwork([aPlan(), aPlan({ mtu: { wanted: undefined, found: 65_536 } })]), []);
});

test("what the plan would add is missing, and that is a failure", () => {
  const steps: Step[] = [
    { kind: "address.add", ...ADDRESS },
    { kind: "route.add", ...ROUTE },
    { kind: "rule.add", ...RULE },
  ];
  const findings = judgeNetwork([aPlan({ steps })]);
  assert.deepEqual(
    findings.map(({ severity, object, text }) => [severity, object, text]),
    [
      ["failure", "203.0.113.5", "203.0.113.5/32 is missing on eth1"],
      ["failure", "0.0.0.0/0", "the default route via 203.0.113.1 of eth1 in table 1 is missing"],
      ["failure", "203.0.113.5", "the rule that sends what comes from 203.0.113.5/32 to table 1 is missing"],
    ],
  );
  for (const { remedy } of findings) assert.equal(remedy, "amphora exec -- amphora-interface up eth1");
});

test("what the plan would delete is too much, and that is a warning", () => {
  const steps: Step[] = [
    { kind: "address.delete", ...ADDRESS },
    { kind: "route.delete", ...ROUTE, destination: "10.0.0.0/8", gateway: undefined },
    { kind: "rule.delete", ...RULE },
  ];
  const findings = judgeNetwork([aPlan({ steps })]);
  assert.deepEqual(
    findings.map(({ severity }) => severity),
    ["warning", "warning", "warning"],
  );
  assert.equal(findings[1]?.text, "the route to 10.0.0.0/8 of eth1 in table 1 is in no interface file");
});

test("an IPv6 default route is called one", () => {
  const text = textOf({
    kind: "route.add",
    ...ROUTE,
    family: 6,
    destination: "::/0",
    gateway: "2001:db8::1",
  });
  assert.deepEqual(text, ["the default route via 2001:db8::1 of eth1 in table 1 is missing"]);
});

test("steps that only an interface needs that is down say nothing more", () => {
  assert.deepEqual(textOf({ kind: "link.up", device: "eth1", mtu: 1450 }), []);
});

test("another MTU than the file's is a warning with the command that sets it", () => {
  const [finding, ...others] = judgeNetwork([aPlan({ mtu: { wanted: 1450, found: 1500 } })]);
  assert.deepEqual(others, []);
  assert.equal(finding?.severity, "warning");
  assert.equal(finding?.remedy, "amphora exec -- ip link set eth1 mtu 1450");
});
