import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentError } from "../../../agent/errors.ts";
import { parsePortRequest, parseVipRequest } from "../../../agent/network/parse-request.ts";

const VIP = { subnet_cidr: "203.0.113.0/24", gateway: "203.0.113.1", mac_address: "FA:16:3E:AA:00:01" };
const ADDITIONAL = {
  ip_address: "2001:db8::5",
  subnet_cidr: "2001:db8::/64",
  gateway: null,
  host_routes: [],
};
const PORT = { mac_address: "fa:16:3e:bb:00:02" };

function bodyOf(job: () => unknown): object {
  try {
    job();
  } catch (error) {
    if (error instanceof AgentError && error.status === 400) return error.body;
    throw error;
  }
  return assert.fail("accepted");
}

const BAD_VIP_BODY = { error: "400 Bad Request: Invalid subnet information", http_code: 400 };
const BAD_PORT_BODY = { error: "400 Bad Request: Invalid port information", http_code: 400 };

test("MAC addresses are compared in lower case", () => {
  assert.equal(parseVipRequest("203.0.113.5", VIP).mac, "fa:16:3e:aa:00:01");
});

test("a VIP body that is incomplete or of the wrong shape gets one text, whatever the reason", () => {
  const { gateway: _gateway, ...withoutGateway } = VIP;
  const bodies: unknown[] = [
    undefined,
    null,
    [],
    "text",
    withoutGateway,
    { ...VIP, mac_address: null },
    { ...VIP, mac_address: "fa:16:3e:aa:00:01 up" },
    { ...VIP, subnet_cidr: 5 },
    { ...VIP, gateway: {} },
    { ...VIP, mtu: "1450" },
    { ...VIP, mtu: 1.5 },
    { ...VIP, mtu: -1 },
    { ...VIP, is_sriov: "yes" },
    { ...VIP, host_routes: [{ destination: "10.0.0.0/8" }] },
    { ...VIP, additional_vips: null },
    { ...VIP, additional_vips: [null] },
    ...Object.keys(ADDITIONAL).map((key) => ({
      ...VIP,
      additional_vips: [Object.fromEntries(Object.entries(ADDITIONAL).filter(([name]) => name !== key))],
    })),
  ];
  for (const body of bodies) {
    assert.deepEqual(
      bodyOf(() => parseVipRequest("203.0.113.5", body)),
      BAD_VIP_BODY,
      JSON.stringify(body),
    );
  }
});

test("addresses of a VIP request are checked in order: VIPs, then the VRRP address", () => {
  const message = (vip: string, changes: object): unknown =>
    bodyOf(() => parseVipRequest(vip, { ...VIP, ...changes }));
  assert.deepEqual(message("error", { vrrp_ip: "nope" }), {
    message: "Invalid VIP: 'error' does not appear to be an IPv4 or IPv6 address",
  });
  assert.deepEqual(message("203.0.113.5", { subnet_cidr: "203.0.113.5/24" }), {
    message: "Invalid VIP: 203.0.113.5/24 has host bits set",
  });
  assert.deepEqual(
    message("203.0.113.5", { additional_vips: [{ ...ADDITIONAL, ip_address: "x" }], vrrp_ip: "nope" }),
    {
      message: "Invalid VIP: 'x' does not appear to be an IPv4 or IPv6 address",
    },
  );
  assert.deepEqual(message("203.0.113.5", { vrrp_ip: "nope" }), {
    message: "Invalid VRRP Address: 'nope' does not appear to be an IPv4 or IPv6 address",
  });
  assert.match(JSON.stringify(message("203.0.113.5", { subnet_cidr: "2001:db8::/64" })), /Invalid VIP: /);
});

test("null and missing values of a VIP request mean the same, but for is_sriov", () => {
  const empty = { gateway: null, vrrp_ip: null, mtu: null, host_routes: null };
  const request = parseVipRequest("203.0.113.5", { ...VIP, ...empty });
  assert.equal(request.vrrpAddress, undefined);
  assert.equal(request.mtu, undefined);
  assert.equal(request.vips[0]?.gateway, undefined);
  assert.equal(request.isSriov, false);
  assert.equal(parseVipRequest("203.0.113.5", { ...VIP, is_sriov: null }).isSriov, null);
});

test("a port body without a MAC, or with a fixed IP that lacks its address, is incomplete", () => {
  for (const body of [
    undefined,
    {},
    { fixed_ips: [] },
    { ...PORT, fixed_ips: [{ subnet_cidr: "10.0.0.0/8" }] },
  ]) {
    assert.deepEqual(
      bodyOf(() => parsePortRequest(body)),
      BAD_PORT_BODY,
    );
  }
});

test("a fixed IP that is no address is an invalid port", () => {
  const body = (ip: string, cidr: string): object =>
    bodyOf(() => parsePortRequest({ ...PORT, fixed_ips: [{ ip_address: ip, subnet_cidr: cidr }] }));
  assert.deepEqual(body("invalid", "10.0.0.0/8"), { message: "Invalid network port" });
  assert.deepEqual(body("10.0.0.1", "10.0.0.1/8"), {
    message: "Invalid network port",
    details: "10.0.0.1/8 has host bits set",
  });
});

test("vip_net_info is checked only when it is used", () => {
  const broken = parsePortRequest({ ...PORT, vip_net_info: { vip: "error" } });
  assert.deepEqual(
    bodyOf(() => broken.vipPort?.()),
    BAD_PORT_BODY,
  );
  assert.equal(parsePortRequest({ ...PORT, vip_net_info: null }).vipPort, undefined);
  const info = { vip: "203.0.113.5", subnet_cidr: "203.0.113.0/24", gateway: null, additional_vips: null };
  const [vip] = parsePortRequest({ ...PORT, vip_net_info: info }).vipPort?.().vips ?? [];
  assert.equal(vip?.address.canonical, "203.0.113.5");
});
