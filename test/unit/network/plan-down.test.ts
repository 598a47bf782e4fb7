import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeStep } from "../../../agent/network/encode-batch.ts";
import { planDown } from "../../../agent/network/plan-down.ts";
import type { InterfaceFile, NetworkState } from "../../../agent/network/types.ts";

const FILE: InterfaceFile = {
  name: "eth1",
  if_type: "vip",
  addresses: [
    { dhcp: true, ipv6auto: true },
    { address: "203.0.113.5", prefixlen: 32, octavia_owned: false },
  ],
  routes: [{ dst: "203.0.113.0/24", scope: "link" }, { dst: "nonsense" }],
  rules: [{ src: "203.0.113.5", src_len: 32, table: 1 }],
  scripts: { up: [], down: [] },
  is_sriov: false,
};

const state = (up: boolean): NetworkState => ({
  links: [{ name: "eth1", mac: "", up }],
  addresses: [],
  routes: [],
  rules: [],
});

test("rules, routes and addresses of the file go, keepalived's too, then the rest and the link", () => {
  assert.deepEqual(planDown(FILE, state(true)).steps.map(encodeStep), [
    "rule del from 203.0.113.5/32 table 1 priority 32000",
    "route del 203.0.113.0/24 dev eth1 proto static table 254 scope link",
    "addr del 203.0.113.5/32 dev eth1",
    "addr flush dev eth1",
    "link set dev eth1 down",
  ]);
});

test("a member port's file touches no rules", () => {
  const [first] = planDown({ ...FILE, if_type: "backend" }, state(true)).steps;
  assert.equal(first?.kind, "route.delete");
});

test("on a link that is down only DHCP and SLAAC are ended", () => {
  assert.deepEqual(planDown(FILE, state(false)), { dhcp: true, slaac: true, steps: [], wasUp: false });
});

test("a missing link is an error", () => {
  assert.throws(() => planDown(FILE, { ...state(true), links: [] }), { code: "notFound" });
});
