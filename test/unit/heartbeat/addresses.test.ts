import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Addresses } from "../../../agent/heartbeat/addresses.ts";

function someAddresses(table: Record<string, string>) {
  const lookups: string[] = [];
  const failures: string[] = [];
  const addresses = new Addresses(
    async (host) => {
      lookups.push(host);
      const address = table[host];
      if (address === undefined) throw new Error("ENOTFOUND");
      return address;
    },
    (host) => failures.push(host),
  );
  return { addresses, lookups, failures, table };
}

suite("addresses of destinations", () => {
  test("need no lookup when they are written as addresses", async () => {
    const { addresses, lookups } = someAddresses({});
    await addresses.find(["192.0.2.1", "2001:db8::1"]);
    assert.deepEqual(
      [addresses.of("192.0.2.1"), addresses.of("2001:db8::1"), lookups],
      ["192.0.2.1", "2001:db8::1", []],
    );
  });

  test("are looked up once", async () => {
    const { addresses, lookups } = someAddresses({ a: "192.0.2.1" });
    await Promise.all([addresses.find(["a"]), addresses.find(["a"])]);
    await addresses.find(["a"]);
    assert.equal(addresses.of("a"), "192.0.2.1");
    assert.deepEqual(lookups, ["a"]);
  });

  test("are tried again after a failure, which is told and harms no other", async () => {
    const { addresses, failures, table } = someAddresses({ b: "192.0.2.2" });
    await addresses.find(["a", "b"]);
    assert.deepEqual([addresses.of("a"), addresses.of("b"), failures], [undefined, "192.0.2.2", ["a"]]);
    table.a = "192.0.2.1";
    await addresses.find(["a"]);
    assert.equal(addresses.of("a"), "192.0.2.1");
  });

  test("are looked up anew for a new list", async () => {
    const { addresses, table } = someAddresses({ a: "192.0.2.1" });
    await addresses.find(["a"]);
    table.a = "192.0.2.9";
    addresses.forget();
    assert.equal(addresses.of("a"), undefined);
    await addresses.find(["a"]);
    assert.equal(addresses.of("a"), "192.0.2.9");
  });
});
