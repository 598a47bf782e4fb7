import assert from "node:assert/strict";
import { test } from "node:test";
import { parseInterfaceFile, parseVips } from "../../../agent/network/parse-interface.ts";

const parse = (value: unknown) => parseInterfaceFile(JSON.stringify(value), "/x/eth1.json");

test("everything but the name is optional", () => {
  assert.deepEqual(parse({ name: "eth1" }), {
    name: "eth1",
    addresses: [],
    routes: [],
    rules: [],
    scripts: { up: [], down: [] },
    is_sriov: null,
  });
});

test("unknown keys are passed over", () => {
  assert.equal("colour" in parse({ name: "eth1", colour: "blue" }), false);
});

test("a broken file is an error that names it", () => {
  const values = [
    "{",
    "[]",
    "{}",
    '{"name": ""}',
    '{"name": "eth1 up\\nlink del eth1"}',
    '{"name": "../eth1"}',
    '{"name": "eth1", "addresses": {}}',
    '{"name": "eth1", "addresses": [{"address": "10.0.0.1"}]}',
    '{"name": "eth1", "routes": [{"gateway": "10.0.0.1"}]}',
    '{"name": "eth1", "rules": [{"src": "10.0.0.1"}]}',
    '{"name": "eth1", "scripts": {"up": ["true"]}}',
  ];
  for (const text of values) {
    assert.throws(
      () => parseInterfaceFile(text, "/x/eth1.json"),
      { code: "internal", message: /^\/x\/eth1\.json is broken: / },
      text,
    );
  }
});

test("a file without VIPs has none to read back", () => {
  assert.deepEqual(
    parseVips(parse({ name: "eth1", addresses: [{ address: "10.0.0.1", prefixlen: 8 }, { dhcp: true }] })),
    [],
  );
});
