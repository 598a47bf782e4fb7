import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentError } from "../../../agent/errors.ts";
import { parseRules } from "../../../agent/network/parse-rules.ts";

const RULE = { protocol: "TCP", cidr: null, port: 80 };

test("rules keep their order, and what is said of their sources", () => {
  assert.deepEqual(
    parseRules([
      { protocol: "vrrp", cidr: "192.0.2.1/32", port: 112 },
      RULE,
      { protocol: "UDP", cidr: "2001:DB8::/32", port: 53 },
      { protocol: "SCTP", cidr: "::/0", port: 65_535 },
      RULE,
    ]),
    [
      { protocol: "vrrp", source: { family: 4, cidr: "192.0.2.1/32" }, port: 112 },
      { protocol: "TCP", source: undefined, port: 80 },
      { protocol: "UDP", source: { family: 6, cidr: "2001:DB8::/32" }, port: 53 },
      { protocol: "SCTP", source: { family: 6, cidr: "::/0" }, port: 65_535 },
      { protocol: "TCP", source: undefined, port: 80 },
    ],
  );
});

test("no source, in each of its forms, means everybody", () => {
  for (const cidr of [null, "", "0.0.0.0/0"])
    assert.equal(parseRules([{ ...RULE, cidr }])[0]?.source, undefined);
});

test("a prefix length reaches nft as a plain number", () => {
  const cidrOf = (cidr: string) => parseRules([{ ...RULE, cidr }])[0]?.source?.cidr;
  assert.equal(cidrOf("10.0.0.0/024"), "10.0.0.0/24");
  assert.equal(cidrOf("10.0.0.0/255.255.255.0"), "10.0.0.0/24");
  assert.equal(cidrOf("10.0.0.7"), "10.0.0.7");
});

test("a body of the wrong shape gets one text, whatever the reason", () => {
  const bodies: unknown[] = [
    undefined,
    null,
    {},
    "text",
    [null],
    [[]],
    ...["tcp", "VRRP", "ICMP", "", null, 6].map((protocol) => [{ ...RULE, protocol }]),
    ...[0, -1, 65_536, 80.5, 1e300, "80", null, true, [80]].map((port) => [{ ...RULE, port }]),
    ...[5, {}, [], true].map((cidr) => [{ ...RULE, cidr }]),
    [{ ...RULE, comment: "x" }],
    ...Object.keys(RULE).map((key) => [
      Object.fromEntries(Object.entries(RULE).filter(([name]) => name !== key)),
    ]),
    [RULE, { ...RULE, port: 0 }],
  ];
  for (const body of bodies) assert.throws(() => parseRules(body), refused, JSON.stringify(body));
});

test("of a source every character counts, also those behind the slash", () => {
  for (const cidr of [
    "10.0.0.0/24 tcp dport 22 accept #",
    "10.0.0.0/24\n}",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0",
    " 10.0.0.0/8",
    "::/129",
    "fe80::1%eth1/64",
    "not-an-address/24",
    "$var",
  ]) {
    assert.throws(() => parseRules([{ ...RULE, cidr }]), refused, cidr);
  }
});

function refused(error: unknown): boolean {
  assert.ok(error instanceof AgentError);
  assert.equal(error.status, 400);
  assert.deepEqual(error.body, { error: "400 Bad Request: Invalid rules information", http_code: 400 });
  return true;
}
