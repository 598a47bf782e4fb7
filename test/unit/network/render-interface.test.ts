import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseInterfaceFile, parseVips } from "../../../agent/network/parse-interface.ts";
import { parseVipRequest } from "../../../agent/network/parse-request.ts";
import {
  renderLoopbackFile,
  renderPortFile,
  renderVipFile,
} from "../../../agent/network/render-interface.ts";
import type { FixedIp, InterfaceFile } from "../../../agent/network/types.ts";

const FIXED: FixedIp = {
  text: "192.0.2.10",
  family: 4,
  prefix: 24,
  gateway: "192.0.2.1",
  hostRoutes: [{ destination: "198.51.100.0/24", nexthop: "192.0.2.254" }],
};

const OPTIONS = { name: "eth1", mtu: undefined, isSriov: null, fixedIps: [] };

function aVipFile(
  changes: object,
  fixedIps: FixedIp[] = [],
  topology: "SINGLE" | "ACTIVE_STANDBY" = "SINGLE",
) {
  const body = {
    subnet_cidr: "203.0.113.0/24",
    gateway: "203.0.113.1",
    mac_address: "fa:16:3e:aa:00:01",
    ...changes,
  };
  const request = parseVipRequest("203.0.113.5", body);
  return { request, file: renderVipFile(request, topology, { ...OPTIONS, fixedIps }) };
}

const throughJson = (file: InterfaceFile): InterfaceFile =>
  parseInterfaceFile(JSON.stringify(file), "/etc/octavia/interfaces/eth1.json");

test("the loopback's file is the contract's", () => {
  assert.equal(
    JSON.stringify(renderLoopbackFile()),
    '{"name":"lo","if_type":"lo","addresses":[{"address":"127.0.0.1","prefixlen":8}],"routes":[],"rules":[],"scripts":{"up":[],"down":[]},"is_sriov":false}',
  );
});

test("an MTU of 0 is left out", () => {
  assert.equal("mtu" in renderPortFile({ ...OPTIONS, mtu: 0 }), false);
  assert.equal(renderPortFile({ ...OPTIONS, mtu: 1400 }).mtu, 1400);
});

test("a member port never gets a default route, a fixed IP on the VIP port does", () => {
  const port = renderPortFile({ ...OPTIONS, fixedIps: [FIXED] });
  assert.deepEqual(
    port.routes.map(({ dst }) => dst),
    ["198.51.100.0/24"],
  );
  const { file } = aVipFile({ gateway: null }, [FIXED]);
  assert.deepEqual(
    file.routes.filter(({ gateway }) => gateway === "192.0.2.1").map(({ dst, table }) => [dst, table]),
    [
      ["0.0.0.0/0", undefined],
      ["0.0.0.0/0", 1],
    ],
  );
});

test("files survive being written and read", () => {
  const { file } = aVipFile({ vrrp_ip: "203.0.113.6", mtu: 1450, is_sriov: true }, [FIXED]);
  for (const original of [file, renderPortFile(OPTIONS), renderLoopbackFile()]) {
    assert.deepEqual(throughJson(original), original);
  }
});

const additionalVip = fc.record({
  ip_address: fc.constantFrom("192.0.2.5", "2001:db8:1::5", "198.51.100.7"),
  subnet_cidr: fc.constantFrom("0.0.0.0/24", "0.0.0.0/32"),
  gateway: fc.constantFrom(null, "192.0.2.1", "2001:db8:1::1"),
  host_routes: fc.array(
    fc.record({
      destination: fc.constantFrom("10.0.0.0/8", "10.1.0.0/16"),
      nexthop: fc.constantFrom("192.0.2.9", "192.0.2.8"),
    }),
    { maxLength: 3 },
  ),
});

test("the VIPs of a file can be read back from it, fixed IPs or not, in both topologies", () => {
  fc.assert(
    fc.property(
      fc.array(additionalVip, { maxLength: 3 }),
      additionalVip,
      fc.constantFrom("SINGLE" as const, "ACTIVE_STANDBY" as const),
      fc.boolean(),
      (additional_vips, { host_routes, gateway }, topology, withFixedIp) => {
        const fixedIps = withFixedIp ? [FIXED] : [];
        const { request, file } = aVipFile({ additional_vips, host_routes, gateway }, fixedIps, topology);
        assert.deepEqual(parseVips(throughJson(file)), request.vips);
      },
    ),
  );
});
