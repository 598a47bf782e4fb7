import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentError } from "../../../agent/errors.ts";
import { parseInterfaces } from "../../../agent/status/parse-interfaces.ts";

test("links have their state and addresses; a row that was filtered out is no link", () => {
  const rows = [
    {},
    {
      ifname: "eth1",
      flags: ["BROADCAST", "UP", "LOWER_UP"],
      mtu: 1450,
      address: "fa:16:3e:00:00:01",
      addr_info: [
        { family: "inet", local: "203.0.113.5", prefixlen: 32 },
        { family: "inet6", local: "2001:db8::5", prefixlen: 128, tentative: true, dadfailed: true },
      ],
    },
    { ifname: "eth2", flags: ["NO-CARRIER", "UP"], mtu: 1450, address: "fa:16:3e:00:00:02", addr_info: [] },
  ];
  assert.deepEqual(parseInterfaces(JSON.stringify(rows)), [
    {
      name: "eth1",
      mac: "fa:16:3e:00:00:01",
      mtu: 1450,
      up: true,
      carrier: true,
      addresses: [
        { address: "203.0.113.5", prefix: 32, duplicate: false },
        { address: "2001:db8::5", prefix: 128, duplicate: true },
      ],
    },
    { name: "eth2", mac: "fa:16:3e:00:00:02", mtu: 1450, up: true, carrier: false, addresses: [] },
  ]);
});

test("anything but a list is refused", () => {
  for (const text of ["", "{}", "Cannot open"]) assert.throws(() => parseInterfaces(text), AgentError);
});
