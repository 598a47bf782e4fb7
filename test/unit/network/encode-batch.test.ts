import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeStep, familyOf } from "../../../agent/network/encode-batch.ts";

const ROUTE = {
  device: "eth1",
  family: 6,
  destination: "2001:db8::/64",
  gateway: undefined,
  source: undefined,
  table: "1",
  onlink: false,
  linkScope: true,
} as const;

test("scope is left out where it means nothing, in IPv6", () => {
  assert.equal(
    encodeStep({ kind: "route.add", ...ROUTE }),
    "route add 2001:db8::/64 dev eth1 proto static table 1",
  );
});

test("deleting a route names neither onlink nor more than it is known by", () => {
  const step = { kind: "route.delete", ...ROUTE, gateway: "2001:db8::1", onlink: true } as const;
  assert.equal(encodeStep(step), "route del 2001:db8::/64 via 2001:db8::1 dev eth1 proto static table 1");
});

test("a link comes up without an MTU unless there is one", () => {
  assert.equal(encodeStep({ kind: "link.up", device: "eth1", mtu: undefined }), "link set dev eth1 up");
});

test("steps without a family go with IPv4", () => {
  assert.equal(familyOf({ kind: "link.down", device: "eth1" }), 4);
  assert.equal(familyOf({ kind: "route.add", ...ROUTE }), 6);
});
