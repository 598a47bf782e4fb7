import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePlugged, withPlugged } from "../../../agent/network/parse-plugged.ts";

test("blank and half lines are left out, MACs are in lower case", () => {
  assert.deepEqual(parsePlugged("\nFA:16:3E:00:00:01  eth1 more\nhalf\n\n"), [
    { mac: "fa:16:3e:00:00:01", name: "eth1" },
  ]);
});

test("a new port is added at the end", () => {
  assert.equal(withPlugged("aa:01 eth1\n", { mac: "aa:02", name: "eth2" }), "aa:01 eth1\naa:02 eth2\n");
  assert.equal(withPlugged("", { mac: "aa:02", name: "eth2" }), "aa:02 eth2\n");
});

test("a known port is written again only under another name, in its old place", () => {
  const list = "aa:01 eth1\naa:02 eth2\n";
  assert.equal(withPlugged(list, { mac: "aa:01", name: "eth1" }), undefined);
  assert.equal(withPlugged(list, { mac: "aa:01", name: "eth5" }), "aa:01 eth5\naa:02 eth2\n");
});
