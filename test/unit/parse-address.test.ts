import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  maskHostBits,
  parseAddress,
  parseCidr,
  requireAddress,
  requireSubnet,
} from "../../agent/parse-address.ts";

test("an IPv6 address has a shortest and a fully expanded form", () => {
  assert.deepEqual(parseAddress("2001:DB8:0:1::00AB"), {
    family: 6,
    canonical: "2001:db8:0:1::ab",
    exploded: "2001:0db8:0000:0001:0000:0000:0000:00ab",
  });
});

test("only complete, plain addresses are addresses", () => {
  for (const text of [
    "",
    "10.1",
    "010.0.0.1",
    "1.2.3.4/24",
    "256.1.1.1",
    "::1%lo",
    "fe80::1%eth0",
    "error",
    " ::1",
    "1.2.3.4\n",
  ]) {
    assert.equal(parseAddress(text), undefined, JSON.stringify(text));
  }
});

test("errors are in the words that controllers' operators know", () => {
  const message = (job: () => unknown): string => {
    try {
      job();
      return "no error";
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
  };
  assert.equal(
    message(() => requireAddress("error")),
    "'error' does not appear to be an IPv4 or IPv6 address",
  );
  assert.equal(
    message(() => requireAddress("it's")),
    `"it's" does not appear to be an IPv4 or IPv6 address`,
  );
  assert.equal(
    message(() => requireSubnet("a")),
    "'a' does not appear to be an IPv4 or IPv6 network",
  );
  assert.equal(
    message(() => requireSubnet("10.0.0.1/24")),
    "10.0.0.1/24 has host bits set",
  );
  assert.equal(
    message(() => requireSubnet("2001:db8::1/64")),
    "2001:db8::1/64 has host bits set",
  );
  for (const text of [
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/8/8",
    "10.0.0.0/-1",
    "10.0.0.0/",
    "::/255.0.0.0",
    "10.0.0.0/255.0.255.0",
  ]) {
    assert.match(
      message(() => requireSubnet(text)),
      /does not appear to be/,
      text,
    );
  }
});

test("a subnet may be written with a length, a mask, a host mask, or as a single host", () => {
  const prefixOf = (text: string): number => requireSubnet(text).prefix;
  assert.equal(prefixOf("10.0.0.0/024"), 24);
  assert.equal(prefixOf("10.0.0.0/255.255.255.0"), 24);
  assert.equal(prefixOf("10.0.0.0/0.0.0.255"), 24);
  assert.equal(prefixOf("10.0.0.7"), 32);
  assert.equal(prefixOf("::/0"), 0);
});

test("masking leaves the network, and masking again changes nothing", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(32), (text, prefix) => {
      const address = parseAddress(text);
      if (!address) return;
      const network = maskHostBits({ address, prefix });
      assert.deepEqual(maskHostBits({ address: network, prefix }), network);
      assert.deepEqual(parseAddress(network.exploded), network);
      assert.deepEqual(requireSubnet(`${network.canonical}/${prefix}`).address, network);
    }),
  );
});

test("parsing never throws, whatever the text", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseAddress(text);
      parseCidr(text);
    }),
  );
});

test("a length that the family does not have is an error", () => {
  assert.throws(() => maskHostBits({ address: requireAddress("10.0.0.1"), prefix: 64 }), /10\.0\.0\.1\/64/);
});
