import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeStep } from "../../../agent/network/encode-batch.ts";
import { routeKey } from "../../../agent/network/parse-state.ts";
import { isSettled, planLink, planRouting } from "../../../agent/network/plan-up.ts";
import type {
  InterfaceFile,
  LinkAddress,
  NetworkState,
  Route,
  Rule,
  Step,
} from "../../../agent/network/types.ts";

const FILE: InterfaceFile = {
  name: "eth1",
  if_type: "vip",
  addresses: [
    { address: "203.0.113.6", prefixlen: 24 },
    { address: "203.0.113.5", prefixlen: 32, octavia_owned: true },
  ],
  routes: [
    { dst: "0.0.0.0/0", gateway: "203.0.113.1", flags: ["onlink"] },
    { dst: "203.0.113.0/24", scope: "link" },
    { dst: "203.0.113.0/24", prefsrc: "203.0.113.5", scope: "link", table: 1 },
    { dst: "2001:0db8:0000:0000:0000:0000:0000:0000/64", scope: "link", prefsrc: "2001:db8::5", table: 1 },
  ],
  rules: [{ src: "203.0.113.5", src_len: 32, table: 1 }],
  scripts: { up: [], down: [] },
  is_sriov: false,
  mtu: 1450,
};

function aState(changes: Partial<NetworkState> = {}): NetworkState {
  return {
    links: [{ name: "eth1", mac: "fa:16:3e:00:00:01", up: true }],
    addresses: [],
    routes: [],
    rules: [],
    ...changes,
  };
}

function anAddress(cidr: string, changes: Partial<LinkAddress> = {}): LinkAddress {
  const [address = "", prefix = "32"] = cidr.split("/");
  const family = address.includes(":") ? 6 : 4;
  const flags = { permanent: true, tentative: false, duplicate: false, linkScope: false };
  return { device: "eth1", family, address, prefix: Number(prefix), ...flags, ...changes };
}

function aRoute(destination: string, changes: Partial<Route> = {}): Route {
  const family = destination.includes(":") ? 6 : 4;
  const own = {
    device: "eth1",
    family,
    protocol: "4",
    table: "254",
    metric: family === 4 ? 0 : 1024,
  } as const;
  return { destination, gateway: undefined, source: undefined, ...own, ...changes };
}

function aRule(source: string, changes: Partial<Rule> = {}): Rule {
  return { family: 4, source, prefix: 32, table: "1", protocol: "0", priority: 32_000, ...changes };
}

const lines = (steps: readonly Step[]): string[] => steps.map(encodeStep);
const only = (changes: Partial<InterfaceFile>): InterfaceFile => ({
  ...FILE,
  addresses: [],
  routes: [],
  rules: [],
  ...changes,
});

test("a link that is down comes up with its MTU, then gets its addresses in the file's order", () => {
  const plan = planLink(FILE, aState({ links: [{ name: "eth1", mac: "", up: false }] }));
  assert.deepEqual(lines(plan.steps), [
    "link set dev eth1 mtu 1450 up",
    "addr add 203.0.113.6/24 dev eth1 scope global",
    "addr add 203.0.113.5/32 dev eth1 scope global",
  ]);
});

test("a link that is up keeps its MTU, and DHCP and SLAAC are left alone", () => {
  const file = only({ addresses: [{ dhcp: true, ipv6auto: true }] });
  const up = planLink(file, aState());
  assert.deepEqual([up.steps, up.dhcp, up.slaac], [[], false, false]);
  const down = planLink(file, aState({ links: [{ name: "eth1", mac: "", up: false }] }));
  assert.deepEqual([down.dhcp, down.slaac], [true, true]);
});

test("a missing link is an error", () => {
  assert.throws(() => planLink(FILE, aState({ links: [] })), { code: "notFound" });
});

test("addresses are compared by value and prefix length, never by text", () => {
  const file = only({ addresses: [{ address: "2001:0db8:0000:0000:0000:0000:0000:0005", prefixlen: 64 }] });
  const state = aState({ addresses: [anAddress("2001:db8::5/64")] });
  assert.ok(isSettled(file, state));
});

test("addresses of keepalived, DHCP, SLAAC and the kernel itself stay", () => {
  const file = only({ addresses: [{ address: "203.0.113.5", prefixlen: 32, octavia_owned: false }] });
  const addresses = [
    anAddress("203.0.113.5/32"),
    anAddress("192.0.2.77/24", { permanent: false }),
    anAddress("fe80::1/64", { linkScope: true }),
    anAddress("198.51.100.1/24", { device: "eth2" }),
  ];
  assert.ok(isSettled(file, aState({ addresses })));
  assert.ok(isSettled(file, aState()), "keepalived adds it, not we");
});

test("::1 on the loopback stays", () => {
  const file = only({ name: "lo" });
  const links = [{ name: "lo", mac: "", up: true }];
  assert.ok(isSettled(file, aState({ links, addresses: [anAddress("::1/128", { device: "lo" })] })));
});

test("an address that goes is deleted after the new one has come", () => {
  const plan = planLink(
    only({ addresses: [{ address: "192.0.2.11", prefixlen: 24 }] }),
    aState({ addresses: [anAddress("192.0.2.10/24")] }),
  );
  assert.deepEqual(lines(plan.steps), ["addr add 192.0.2.11/24 dev eth1 scope global"]);
  assert.deepEqual(lines(plan.deletions), ["addr del 192.0.2.10/24 dev eth1"]);
});

test("an IPv6 address that changes its prefix length is deleted first: the kernel knows it only once", () => {
  const plan = planLink(
    only({ addresses: [{ address: "2001:db8::5", prefixlen: 128 }] }),
    aState({ addresses: [anAddress("2001:db8::5/64")] }),
  );
  assert.deepEqual(lines(plan.steps), [
    "addr del 2001:db8::5/64 dev eth1",
    "addr add 2001:db8::5/128 dev eth1 scope global",
  ]);
  assert.deepEqual(plan.deletions, []);
});

test("only the file's own IPv6 addresses are waited for", () => {
  const file = only({
    addresses: [
      { address: "2001:db8::5", prefixlen: 128 },
      { address: "192.0.2.1", prefixlen: 24 },
    ],
  });
  assert.deepEqual(planLink(file, aState()).awaited, ["2001:db8::5"]);
  assert.ok(
    !isSettled(
      file,
      aState({ addresses: [anAddress("2001:db8::5/128", { tentative: true }), anAddress("192.0.2.1/24")] }),
    ),
  );
});

test("an address that does not parse is an error", () => {
  assert.throws(() => planLink(only({ addresses: [{ address: "x", prefixlen: 1 }] }), aState()), {
    code: "invalidInput",
  });
  assert.throws(() => planLink(only({ addresses: [{ address: "10.0.0.1", prefixlen: 64 }] }), aState()), {
    code: "invalidInput",
  });
  assert.throws(() => planRouting(only({ rules: [{ src: "x", src_len: 1, table: 1 }] }), aState()), {
    code: "invalidInput",
  });
});

test("routes are added as the contract's commands", () => {
  assert.deepEqual(lines(planRouting(FILE, aState()).steps), [
    "route add 0.0.0.0/0 via 203.0.113.1 dev eth1 onlink proto static table 254",
    "route add 203.0.113.0/24 dev eth1 proto static table 254 scope link",
    "route add 203.0.113.0/24 dev eth1 proto static table 1 scope link src 203.0.113.5",
    "route add 2001:db8::/64 dev eth1 proto static table 1 src 2001:db8::5",
    "rule add from 203.0.113.5/32 table 1 priority 32000 protocol unspec",
  ]);
});

test("a route that the kernel or keepalived has made is not tried again", () => {
  const file = only({ routes: [{ dst: "203.0.113.0/24", scope: "link" }] });
  for (const protocol of ["2", "18"]) {
    const routes = [aRoute("203.0.113.0/24", { protocol, source: "203.0.113.6" })];
    assert.ok(isSettled(file, aState({ routes })), protocol);
  }
  const elsewhere = [
    aRoute("203.0.113.0/24", { protocol: "2", table: "1" }),
    aRoute("203.0.113.0/24", { protocol: "2", metric: 100 }),
  ];
  assert.equal(planRouting(file, aState({ routes: elsewhere })).steps.length, 1);
});

test("an IPv6 subnet route is needed beside the kernel's, which has another metric", () => {
  const file = only({ routes: [{ dst: "2001:db8::/64", scope: "link" }] });
  const routes = [aRoute("2001:db8::/64", { protocol: "2", metric: 256 })];
  assert.equal(planRouting(file, aState({ routes })).steps.length, 1);
});

test("leftover static routes go before new ones come, routes of others stay", () => {
  const file = only({ routes: [{ dst: "0.0.0.0/0", gateway: "203.0.113.9", flags: ["onlink"] }] });
  const routes = [
    aRoute("0.0.0.0/0", { gateway: "203.0.113.1" }),
    aRoute("10.0.0.0/8", { protocol: "3" }),
    aRoute("10.1.0.0/16", { protocol: "18", table: "1" }),
    aRoute("10.2.0.0/16", { device: "eth2" }),
    aRoute("10.3.0.0/16", { source: "203.0.113.5", table: "7" }),
  ];
  assert.deepEqual(lines(planRouting(file, aState({ routes })).steps), [
    "route del 0.0.0.0/0 via 203.0.113.1 dev eth1 proto static table 254",
    "route del 10.3.0.0/16 dev eth1 proto static table 7 src 203.0.113.5",
    "route add 0.0.0.0/0 via 203.0.113.9 dev eth1 onlink proto static table 254",
  ]);
});

test("the first of two default routes wins, and the second is not tried for ever", () => {
  const gateway = (host: number) => ({ dst: "0.0.0.0/0", gateway: `203.0.113.${host}`, flags: ["onlink"] });
  const file = only({ routes: [gateway(1), gateway(2)] });
  assert.equal(planRouting(file, aState()).steps.length, 2);
  assert.ok(isSettled(file, aState({ routes: [aRoute("0.0.0.0/0", { gateway: "203.0.113.1" })] })));
});

test("routes that cannot be understood are named and left out", () => {
  const routes = [
    { dst: "nonsense", gateway: "10.0.0.1" },
    { dst: "10.0.0.0/8", gateway: "10.0.0.1 table 9" },
    { dst: "10.0.0.0/8", gateway: "2001:db8::1" },
    { dst: "10.0.0.0/8", prefsrc: "2001:db8::1" },
    { dst: "10.0.0.0/40" },
  ];
  assert.deepEqual(planRouting(only({ routes }), aState()), { steps: [], unusable: routes });
});

test("host bits of a destination are masked", () => {
  const file = only({ routes: [{ dst: "10.1.2.3/8", gateway: "10.0.0.1" }] });
  assert.ok(isSettled(file, aState({ routes: [aRoute("10.0.0.0/8", { gateway: "10.0.0.1" })] })));
});

test("leftover rules of our priority go; keepalived's, the kernel's and other priorities stay", () => {
  const rules = [
    aRule("10.0.0.1"),
    aRule("10.0.0.2", { protocol: "18", priority: 100 }),
    aRule("10.0.0.3", { protocol: "2" }),
    aRule("10.0.0.4", { priority: 77 }),
  ];
  assert.deepEqual(lines(planRouting(only({}), aState({ rules })).steps), [
    "rule del from 10.0.0.1/32 table 1 priority 32000",
  ]);
});

test("only VIP files touch rules; a file without a type is one if it has rules", () => {
  const rules = [aRule("10.0.0.1")];
  const { if_type: _type, ...untyped } = only({});
  assert.deepEqual(planRouting(only({ if_type: "backend" }), aState({ rules })).steps, []);
  assert.deepEqual(planRouting(untyped, aState({ rules })).steps, []);
  const own = { ...untyped, rules: [{ src: "10.0.0.2", src_len: 32, table: 1 }] };
  assert.equal(planRouting(own, aState({ rules })).steps.length, 2);
});

/** As much of a kernel as the plan relies on. */
function applyTo(state: NetworkState, steps: readonly Step[]): NetworkState {
  let now = state;
  for (const step of steps) now = applyOne(now, step);
  return now;
}

function applyOne(now: NetworkState, step: Step): NetworkState {
  const { links, addresses, routes, rules } = now;
  switch (step.kind) {
    case "link.up":
      return {
        ...now,
        links: links.map((link) => (link.name === step.device ? { ...link, up: true } : link)),
      };
    case "address.add":
      return { ...now, addresses: [...addresses, anAddress(`${step.address}/${step.prefix}`)] };
    case "address.delete":
      return {
        ...now,
        addresses: addresses.filter((item) => item.address !== step.address || item.prefix !== step.prefix),
      };
    case "route.add": {
      const isSame = (route: Route) => route.destination === step.destination && route.table === step.table;
      return routes.some(isSame) ? now : { ...now, routes: [...routes, aRoute(step.destination, step)] };
    }
    case "route.delete":
      return { ...now, routes: routes.filter((route) => routeKey(route) !== routeKey(step)) };
    case "rule.add":
      return { ...now, rules: [...rules, aRule(step.source, step)] };
    case "rule.delete":
      return { ...now, rules: rules.filter((rule) => rule.source !== step.source) };
    case "link.down":
    case "link.mtu":
    case "address.flush":
      return assert.fail(`no part of bringing up: ${step.kind}`);
  }
}

const address = fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.1.1");
const cidr = fc.constantFrom("0.0.0.0/0", "10.0.0.0/24", "10.9.0.0/16");
const table = fc.constantFrom(1, 254);
const anyFile = fc.record({
  addresses: fc.array(fc.record({ address, prefixlen: fc.constantFrom(24, 32) }), { maxLength: 4 }),
  routes: fc.array(fc.record({ dst: cidr, gateway: address, table }), { maxLength: 5 }),
  rules: fc.array(fc.record({ src: address, src_len: fc.constant(32), table: fc.constant(1) }), {
    maxLength: 3,
  }),
});

test("whatever was there before, one run settles it", () => {
  fc.assert(
    fc.property(anyFile, anyFile, fc.boolean(), (before, after, up) => {
      let state = aState({ links: [{ name: "eth1", mac: "", up }] });
      for (const content of [before, after]) {
        const file = only(content);
        const link = planLink(file, state);
        state = applyTo(applyTo(state, link.steps), link.deletions);
        state = applyTo(state, planRouting(file, state).steps);
        assert.ok(isSettled(file, state), JSON.stringify(state));
      }
    }),
  );
});
