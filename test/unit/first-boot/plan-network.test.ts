import assert from "node:assert/strict";
import { test } from "node:test";
import { planNetwork } from "../../../agent/first-boot/plan-network.ts";

const LINK = { id: "tap1", type: "ovs", ethernet_mac_address: "FA:16:3E:00:00:01", mtu: 1450 };

function planned(...networks: readonly object[]): string[] {
  const document = { links: [LINK], networks: networks.map((network) => ({ link: "tap1", ...network })) };
  const [file] = planNetwork(JSON.stringify(document));
  assert.equal(file?.name, "10-fa163e000001.network");
  return (file?.text ?? "").split("\n");
}

function has(lines: readonly string[], ...wanted: readonly string[]): void {
  for (const line of wanted) assert.ok(lines.includes(line), `${line} is not in\n${lines.join("\n")}`);
}

test("DHCP on the link that has the MAC, with its MTU", () => {
  has(
    planned({ type: "ipv4_dhcp" }),
    "MACAddress=fa:16:3e:00:00:01",
    "MTUBytes=1450",
    "DHCP=ipv4",
    "IPv6AcceptRA=no",
  );
});

test("fixed addresses of both families, with routes", () => {
  const lines = planned(
    {
      type: "ipv4",
      ip_address: "192.0.2.5",
      netmask: "255.255.254.0",
      routes: [{ network: "0.0.0.0", netmask: "0.0.0.0", gateway: "192.0.2.1" }],
    },
    {
      type: "ipv6",
      ip_address: "2001:db8::5/64",
      netmask: "ffff:ffff:ffff:ffff::",
      routes: [{ network: "::", netmask: "::", gateway: "2001:db8::1" }],
    },
  );
  has(lines, "Address=192.0.2.5/23", "Address=2001:db8::5/64", "DHCP=no");
  has(lines, "Destination=0.0.0.0/0", "Gateway=192.0.2.1", "Destination=::/0", "Gateway=2001:db8::1");
});

test("a mask beside an IPv6 address counts its bits", () => {
  has(
    planned({ type: "ipv6", ip_address: "2001:db8::5", netmask: "ffff:ffff:ffff::" }),
    "Address=2001:db8::5/48",
  );
  has(planned({ type: "ipv6", ip_address: "2001:db8::5", netmask: "64" }), "Address=2001:db8::5/64");
});

test("addresses that routers announce, and DHCP of both families", () => {
  has(planned({ type: "ipv6_slaac" }), "DHCP=no", "IPv6AcceptRA=yes");
  has(planned({ type: "ipv6_dhcpv6-stateful" }, { type: "ipv4_dhcp" }), "DHCP=yes", "IPv6AcceptRA=yes");
});

test("links without a network are left to the agent", () => {
  assert.deepEqual(planNetwork(JSON.stringify({ links: [LINK], networks: [] })), []);
  assert.deepEqual(planNetwork("{}"), []);
});

test("refuses addresses, masks, gateways and MACs that are none", () => {
  for (const network of [
    { type: "ipv4", ip_address: "192.0.2.500", netmask: "255.255.255.0" },
    { type: "ipv4", ip_address: "192.0.2.5", netmask: "255.0.255.0" },
    { type: "ipv4", ip_address: "192.0.2.5", netmask: "40" },
    { type: "token_ring" },
    { type: "ipv4_dhcp", routes: [{ network: "0.0.0.0", netmask: "0.0.0.0", gateway: "x\nDNS=1.1.1.1" }] },
  ])
    assert.throws(() => planned(network), { code: "invalidInput" });
  const document = {
    links: [{ id: "a", ethernet_mac_address: "x" }],
    networks: [{ link: "a", type: "ipv4_dhcp" }],
  };
  assert.throws(() => planNetwork(JSON.stringify(document)), { code: "invalidInput" });
});
