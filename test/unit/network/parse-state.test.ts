import assert from "node:assert/strict";
import { test } from "node:test";
import {
  normaliseDestination,
  parseCounters,
  parseLinks,
  parseState,
} from "../../../agent/network/parse-state.ts";

const LINKS =
  '[{"ifname":"lo","flags":["LOOPBACK"],"address":"00:00:00:00:00:00"},{"ifname":"eth1","flags":["BROADCAST","UP"],"address":"FA:16:3E:00:00:01"}]';
const ADDRESSES =
  '[{},{"ifname":"eth1","addr_info":[{"family":"inet","local":"203.0.113.6","prefixlen":24,"scope":"0"},{"family":"inet","local":"192.0.2.7","prefixlen":24,"scope":"0","dynamic":true}]}]';
const ADDRESSES6 =
  '[{"ifname":"eth1","addr_info":[{"local":"2001:db8::5","prefixlen":128,"scope":"0","tentative":true,"dadfailed":true},{"local":"fe80::1","prefixlen":64,"scope":"253"}]}]';
const ROUTES =
  '[{"type":"1","dst":"default","gateway":"203.0.113.1","dev":"eth1","protocol":"4","scope":"0","flags":["onlink"]},{"type":"2","dst":"203.0.113.6","dev":"eth1","table":"255","protocol":"2"},{"type":"1","dst":"10.0.0.9","via":{"family":"inet6","host":"fe80:0::1"},"dev":"eth1","table":"1","protocol":"18","prefsrc":"203.0.113.6"}]';
const ROUTES6 =
  '[{"type":"1","dst":"default","gateway":"2001:db8::1","dev":"eth1","protocol":"4","metric":1024}]';
const RULES =
  '[{"priority":0,"src":"all","table":"255","protocol":"2"},{"priority":32000,"src":"203.0.113.5","table":"1","protocol":"0"},{"priority":9,"src":"10.0.0.0","srclen":8,"table":"2","protocol":"18"}]';

const STATE = parseState([LINKS, ADDRESSES, ROUTES, RULES].join("\n"), `${ADDRESSES6}\n${ROUTES6}\n[]\n`);

test("links have lower-case MACs and know whether they are administratively up", () => {
  assert.deepEqual(STATE.links, [
    { name: "lo", mac: "00:00:00:00:00:00", up: false },
    { name: "eth1", mac: "fa:16:3e:00:00:01", up: true },
  ]);
  assert.deepEqual(parseLinks(LINKS), STATE.links);
});

test("addresses keep what tells them apart from the kernel's and DHCP's", () => {
  const plain = { permanent: true, tentative: false, duplicate: false, linkScope: false };
  assert.deepEqual(STATE.addresses, [
    { device: "eth1", family: 4, address: "203.0.113.6", prefix: 24, ...plain },
    { device: "eth1", family: 4, address: "192.0.2.7", prefix: 24, ...plain, permanent: false },
    {
      device: "eth1",
      family: 6,
      address: "2001:db8::5",
      prefix: 128,
      ...plain,
      tentative: true,
      duplicate: true,
    },
    { device: "eth1", family: 6, address: "fe80::1", prefix: 64, ...plain, linkScope: true },
  ]);
});

test("routes get their family from where they were read, and only unicast ones count", () => {
  const plain = {
    device: "eth1",
    gateway: undefined,
    source: undefined,
    table: "254",
    protocol: "4",
    metric: 0,
  };
  assert.deepEqual(STATE.routes, [
    { ...plain, family: 4, destination: "0.0.0.0/0", gateway: "203.0.113.1" },
    {
      ...plain,
      family: 4,
      destination: "10.0.0.9/32",
      gateway: "fe80::1",
      table: "1",
      protocol: "18",
      source: "203.0.113.6",
    },
    { ...plain, family: 6, destination: "::/0", gateway: "2001:db8::1", metric: 1024 },
  ]);
});

test("rules without a source are not ours to look at", () => {
  assert.deepEqual(STATE.rules, [
    { family: 4, source: "203.0.113.5", prefix: 32, table: "1", protocol: "0", priority: 32_000 },
    { family: 4, source: "10.0.0.0", prefix: 8, table: "2", protocol: "18", priority: 9 },
  ]);
});

test("output that is cut or not JSON is an error, not an empty network", () => {
  assert.throws(() => parseState(`${LINKS}\n${ADDRESSES}`, ""), { code: "internal" });
  assert.throws(() => parseState("eth1: up", ""), { code: "internal" });
  assert.throws(() => parseLinks("{}"), { code: "internal" });
});

test("counters are those of interfaces named eth", () => {
  const row = (name: string) => `{"ifname":"${name}","stats64":{"rx":{"bytes":1},"tx":{"bytes":2}}}`;
  assert.deepEqual(parseCounters(`[${row("lo")},${row("eth1")}]`), {
    eth1: { network_tx: 2, network_rx: 1 },
  });
});

test("destinations have one form", () => {
  assert.equal(normaliseDestination("default", 6), "::/0");
  assert.equal(normaliseDestination("2001:0db8::1/64", 6), "2001:db8::/64");
  assert.equal(normaliseDestination("x", 4), undefined);
});
