import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { isCertificateFileName, parseLoadBalancerId } from "../../../agent/loadbalancer/ids.ts";

suite("load balancer ids", () => {
  for (const id of [
    "7573b9ba-4f2f-4a9d-8b2c-0a4d7f3c2f10",
    "7573b9ba4f2f4a9d8b2c0a4d7f3c2f10",
    "lb_1",
    "8",
  ]) {
    test(`accepts ${id}`, () => assert.equal(parseLoadBalancerId(id), id));
  }

  for (const id of [
    "",
    ".",
    "..",
    "a.b",
    "-a",
    "_a",
    "a/b",
    "a b",
    "a;id;",
    "a\n",
    "a\0",
    "ä",
    "%2e",
    "certs",
    "lvs",
    "vrrp",
    "a".repeat(65),
    "a".repeat(10_000),
  ]) {
    test(`refuses ${JSON.stringify(id.slice(0, 70))}`, () =>
      assert.equal(parseLoadBalancerId(id), undefined));
  }

  test("never accepts a text that a path, a shell or systemd reads specially", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const id = parseLoadBalancerId(text);
        return id === undefined || /^[\w-]+$/.test(id);
      }),
    );
  });
});

suite("certificate file names", () => {
  for (const name of [
    `${"0a".repeat(20)}.pem`,
    "7573b9ba-4f2f-4a9d-8b2c-0a4d7f3c2f10.pem",
    "a.b_c.pem",
    `${"a".repeat(196)}.pem`,
  ]) {
    test(`accepts ${name}`, () => assert.ok(isCertificateFileName(name)));
  }

  for (const name of [
    ".pem",
    "aXpem",
    "a-pem",
    "xx.pemfoo",
    "a..pem",
    "../a.pem",
    "..pem",
    "a.pem\n",
    "a\0.pem",
    "a b.pem",
    "a.PEM",
    "",
    `${"a".repeat(197)}.pem`,
  ]) {
    test(`refuses ${JSON.stringify(name.slice(0, 70))}`, () => assert.ok(!isCertificateFileName(name)));
  }
});
