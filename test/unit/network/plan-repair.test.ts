import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeStep } from "../../../agent/network/encode-batch.ts";
import { announcedAddresses, planRepair } from "../../../agent/network/plan-repair.ts";
import type { InterfaceFile, NetworkState, Route } from "../../../agent/network/types.ts";

const FILE: InterfaceFile = {
  name: "eth1",
  if_type: "vip",
  addresses: [
    { address: "203.0.113.6", prefixlen: 24 },
    { address: "203.0.113.5", prefixlen: 32, octavia_owned: true },
  ],
  routes: [
    { dst: "0.0.0.0/0", gateway: "203.0.113.1", flags: ["onlink"] },
    { dst: "198.51.100.0/24", gateway: "203.0.113.1", flags: ["onlink"], table: 1 },
    { dst: "2001:db8::/64", prefsrc: "2001:db8::5", scope: "link", table: 1 },
  ],
  rules: [{ src: "203.0.113.5", src_len: 32, table: 1 }],
  scripts: { up: [], down: [] },
  is_sriov: false,
  mtu: 1450,
};
/** The same with a standby: keepalived has the VIP, its rule and its table. */
const SHARED: InterfaceFile = {
  ...FILE,
  addresses: [
    { address: "203.0.113.6", prefixlen: 24 },
    { address: "203.0.113.5", prefixlen: 32, octavia_owned: false },
  ],
  rules: [],
};

const address = (text: string, prefix: number) => ({
  device: "eth1",
  family: 4 as const,
  address: text,
  prefix,
  permanent: true,
  tentative: false,
  duplicate: false,
  linkScope: false,
});
const aRoute = (destination: string, changes: Partial<Route> = {}): Route => ({
  device: "eth1",
  family: destination.includes(":") ? 6 : 4,
  destination,
  gateway: "203.0.113.1",
  source: undefined,
  table: "254",
  protocol: "4",
  metric: destination.includes(":") ? 1024 : 0,
  ...changes,
});
const WHOLE: NetworkState = {
  links: [{ name: "eth1", mac: "fa:16:3e:00:00:01", up: true, mtu: 1450 }],
  addresses: [address("203.0.113.6", 24), address("203.0.113.5", 32)],
  routes: [
    aRoute("0.0.0.0/0"),
    aRoute("198.51.100.0/24", { table: "1" }),
    aRoute("2001:db8::/64", { gateway: undefined, source: "2001:db8::5", table: "1" }),
  ],
  rules: [{ family: 4, source: "203.0.113.5", prefix: 32, table: "1", protocol: "0", priority: 32_000 }],
};

const repair = (file: InterfaceFile, changes: Partial<NetworkState>): string[] =>
  planRepair(file, { ...WHOLE, ...changes }).map(encodeStep);

test("an interface in order needs no repair", () => {
  assert.deepEqual(repair(FILE, {}), []);
});

test("an address, a route and a rule that are gone come back", () => {
  assert.deepEqual(repair(FILE, { addresses: [address("203.0.113.6", 24)] }), [
    "addr add 203.0.113.5/32 dev eth1 scope global",
  ]);
  assert.deepEqual(repair(FILE, { routes: WHOLE.routes.slice(1) }), [
    "route add 0.0.0.0/0 via 203.0.113.1 dev eth1 onlink proto static table 254",
  ]);
  assert.deepEqual(repair(FILE, { rules: [] }), [
    "rule add from 203.0.113.5/32 table 1 priority 32000 protocol unspec",
  ]);
});

test("a link that is down comes up, one with another MTU gets its own", () => {
  const links = (changes: object) => ({ links: WHOLE.links.map((link) => ({ ...link, ...changes })) });
  assert.deepEqual(repair(FILE, links({ up: false })), ["link set dev eth1 mtu 1450 up"]);
  assert.deepEqual(repair(FILE, links({ mtu: 1300 })), ["link set dev eth1 mtu 1450"]);
});

test("what somebody else has added stays: addresses, routes and rules", () => {
  assert.deepEqual(
    repair(FILE, {
      addresses: [...WHOLE.addresses, address("192.0.2.1", 32)],
      routes: [...WHOLE.routes, aRoute("192.0.2.0/24")],
      rules: [...WHOLE.rules, { ...WHOLE.rules[0], source: "192.0.2.9" } as NetworkState["rules"][number]],
    }),
    [],
  );
});

test("a route that lost its source makes room for the one of the file", () => {
  const routes = WHOLE.routes.map((route) => ({ ...route, source: undefined }));
  assert.deepEqual(repair(FILE, { routes }), [
    "route del 2001:db8::/64 dev eth1 proto static table 1",
    "route add 2001:db8::/64 dev eth1 proto static table 1 src 2001:db8::5",
  ]);
});

test("with a standby the VIP and its table are keepalived's, whether they are there or not", () => {
  assert.deepEqual(repair(SHARED, { rules: [] }), []);
  assert.deepEqual(
    repair(SHARED, {
      addresses: [address("203.0.113.6", 24)],
      routes: WHOLE.routes.slice(0, 1),
      rules: [{ family: 4, source: "203.0.113.5", prefix: 32, table: "1", protocol: "18", priority: 100 }],
    }),
    [],
  );
  assert.deepEqual(announcedAddresses(SHARED), ["203.0.113.6"]);
  assert.deepEqual(announcedAddresses(FILE), ["203.0.113.6", "203.0.113.5"]);
});
