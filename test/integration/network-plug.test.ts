/** Plugging on a real host: links, addresses, routes and rules as the kernel has them afterwards. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, test } from "node:test";
import { AgentError } from "../../agent/errors.ts";
import { cleanHost, createRig, dumpState, inside, plugPort, shell } from "./network-rig.ts";

beforeEach(cleanHost);
afterEach(cleanHost);

const VIP4 = { subnet_cidr: "203.0.113.0/24", gateway: "203.0.113.1", vrrp_ip: "203.0.113.6", mtu: 1450 };
const VIP6 = {
  ip_address: "2001:db8:0:1::5",
  subnet_cidr: "2001:db8:0:1::/64",
  gateway: "2001:db8:0:1::1",
  host_routes: [],
};

function failsWith(status: number, body: object): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof AgentError, String(error));
    assert.equal(error.status, status);
    assert.deepEqual(error.body, body);
    return true;
  };
}

/** The run of docs/contract/network.md, 4.10. */
const DUAL_STACK_STATE = [
  "0: from all lookup local",
  "0: from all lookup local",
  "2001:db8:0:1::/64 dev eth1 proto static metric 1024 pref medium",
  "2001:db8:0:1::/64 dev eth1 table 1 proto static src 2001:db8:0:1::5 metric 1024 pref medium",
  "2001:db8:0:1::5 dev eth1 proto kernel metric 256 pref medium",
  "203.0.113.0/24 dev eth1 proto kernel scope link src 203.0.113.6",
  "203.0.113.0/24 dev eth1 table 1 proto static scope link src 203.0.113.5",
  "32000: from 2001:db8:0:1::5 lookup 1",
  "32000: from 203.0.113.5 lookup 1",
  "32766: from all lookup main",
  "32766: from all lookup main",
  "32767: from all lookup default",
  "default via 2001:db8:0:1::1 dev eth1 proto static metric 1024 onlink pref medium",
  "default via 2001:db8:0:1::1 dev eth1 table 1 proto static metric 1024 onlink pref medium",
  "default via 203.0.113.1 dev eth1 proto static onlink",
  "default via 203.0.113.1 dev eth1 table 1 proto static onlink",
  "eth1 inet 203.0.113.5/32 scope global eth1\\ valid_lft forever preferred_lft forever",
  "eth1 inet 203.0.113.6/24 scope global eth1\\ valid_lft forever preferred_lft forever",
  "eth1 inet6 2001:db8:0:1::5/128 scope global \\ valid_lft forever preferred_lft forever",
  "local 2001:db8:0:1::5 dev eth1 table local proto kernel metric 0 pref medium",
  "local 203.0.113.5 dev eth1 table local proto kernel scope host src 203.0.113.5",
  "local 203.0.113.6 dev eth1 table local proto kernel scope host src 203.0.113.6",
];

test("a dual-stack VIP port comes up exactly as the contract's checked run shows", async () => {
  const { network } = createRig();
  const { mac } = await plugPort(1);
  const body = { ...VIP4, mac_address: mac, host_routes: [], additional_vips: [VIP6] };
  assert.equal(
    await network.plugVip("203.0.113.5", body),
    "VIPs plugged on interface eth1: 203.0.113.5, 2001:0db8:0000:0001:0000:0000:0000:0005",
  );
  assert.deepEqual(await dumpState(), DUAL_STACK_STATE);
  assert.match(await inside("ip link show eth1"), /<[^>]*\bUP\b[^>]*> mtu 1450 /);
  assert.equal(await readFile("/var/lib/octavia/plugged_interfaces", "utf8"), `${mac} eth1\n`);
  assert.match(
    await inside("nft --numeric-protocol list ruleset"),
    /oifname "eth1" meta l4proto 17 masquerade/,
  );
});

test("a VIP that is plugged again is brought up before the answer says that it exists", async () => {
  const { network } = createRig();
  const { mac } = await plugPort(1);
  const body = { ...VIP4, mac_address: mac.toUpperCase() };
  await network.plugVip("203.0.113.5", body);
  const before = await dumpState();
  await inside("ip link set eth1 down");
  await assert.rejects(
    network.plugVip("203.0.113.5", body),
    failsWith(409, { message: "Interface already exists" }),
  );
  assert.deepEqual(await dumpState(), before);
});

test("a VIP whose bring-up failed is not called existing until it works", async () => {
  const { network } = createRig();
  const { mac } = await plugPort(1);
  const body = { ...VIP4, mac_address: mac };
  await shell("chmod -x /usr/local/bin/lvs-masquerade.sh");
  try {
    await assert.rejects(network.plugVip("203.0.113.5", body), (error) => {
      assert.ok(error instanceof AgentError);
      assert.equal(error.message, "Error plugging VIP");
      assert.match(
        error.details ?? "",
        /^Error: Could not configure interface: Error on action 'up' for interface eth1: /,
      );
      return true;
    });
    await assert.rejects(network.plugVip("203.0.113.5", body), { message: "Error plugging VIP" });
  } finally {
    await shell("chmod +x /usr/local/bin/lvs-masquerade.sh");
  }
  await assert.rejects(network.plugVip("203.0.113.5", body), { message: "Interface already exists" });
  assert.match(await inside("nft list ruleset"), /oifname "eth1"/);
});

test("a MAC that no link has is looked for by name, and changes nothing", async () => {
  const { network } = createRig();
  const body = { ...VIP4, mac_address: "fa:16:3e:00:00:99" };
  const expected = failsWith(404, { details: "No suitable network interface found" });
  await assert.rejects(network.plugVip("203.0.113.5", body), expected);
  await assert.rejects(network.plugNetwork(body), expected);
  await assert.rejects(readFile("/etc/octavia/interfaces/eth1.json"));
  assert.equal(await shell("ip netns list"), "");
});

test("member ports get the first free names, and a second request updates the port", async () => {
  const { network } = createRig();
  const [first, second] = [await plugPort(2), await plugPort(3)];
  const fixed = (ip: string) => [{ ip_address: ip, subnet_cidr: "192.0.2.0/24" }];
  assert.equal(
    await network.plugNetwork({ mac_address: first.mac, fixed_ips: fixed("192.0.2.10") }),
    "Plugged on interface eth2",
  );
  assert.equal(
    await network.plugNetwork({
      mac_address: second.mac,
      fixed_ips: [{ ip_address: "2001:db8:2::10", subnet_cidr: "2001:db8:2::/48", host_routes: null }],
    }),
    "Plugged on interface eth3",
  );
  assert.equal(
    await network.plugNetwork({ mac_address: first.mac, fixed_ips: fixed("192.0.2.11") }),
    "Updated existing interface eth2",
  );
  await network.idle();
  const addresses = (await dumpState()).filter((line) => /^eth\d/.test(line)).join("\n");
  assert.match(addresses, /^eth2 inet 192\.0\.2\.11\/24/m);
  assert.match(addresses, /^eth3 inet6 2001:db8:2::10\/48/m);
  assert.doesNotMatch(addresses, /192\.0\.2\.10\/|tentative/);
});

test("bringing an interface up again changes nothing and plans nothing", async () => {
  const { network, commands } = createRig();
  const { mac } = await plugPort(1);
  await network.plugVip("203.0.113.5", { ...VIP4, mac_address: mac, additional_vips: [VIP6] });
  const before = await dumpState();
  commands.length = 0;
  await network.restore();
  assert.deepEqual(await dumpState(), before);
  assert.deepEqual(
    commands.filter((command) => command.includes("-force")),
    [],
  );
});

test("an address that takes over in the same subnet stays reachable throughout", async () => {
  const { network } = createRig();
  const { mac, far } = await plugPort(2, ["192.0.2.1/24"]);
  const body = (ip: string) => ({
    mac_address: mac,
    fixed_ips: [
      {
        ip_address: ip,
        subnet_cidr: "192.0.2.0/24",
        host_routes: [{ destination: "198.51.100.0/24", nexthop: "192.0.2.1" }],
      },
    ],
  });
  await network.plugNetwork(body("192.0.2.10"));
  await network.plugNetwork(body("192.0.2.11"));
  await inside("ping -c1 -W2 192.0.2.1");
  const state = await dumpState();
  assert.ok(state.includes("192.0.2.0/24 dev eth2 proto kernel scope link src 192.0.2.11"), state.join("\n"));
  assert.ok(state.includes("198.51.100.0/24 via 192.0.2.1 dev eth2 proto static onlink"));
  assert.match(await shell(`ip -n outside neigh show dev ${far}`), /192\.0\.2\.11/);
});

test("members on the VIP's own port leave additional VIPs where they are", async () => {
  const { network } = createRig();
  const { mac } = await plugPort(1);
  await network.plugVip("203.0.113.5", { ...VIP4, mac_address: mac, additional_vips: [VIP6] });
  assert.equal(
    await network.plugNetwork({
      mac_address: mac,
      fixed_ips: [{ ip_address: "198.18.0.9", subnet_cidr: "198.18.0.0/16" }],
      mtu: 1450,
      vip_net_info: { vip: "203.0.113.5", ...VIP4, additional_vips: [] },
    }),
    "Updated existing interface eth1",
  );
  const state = await dumpState();
  for (const line of DUAL_STACK_STATE) assert.ok(state.includes(line), line);
  assert.ok(state.some((line) => line.startsWith("eth1 inet 198.18.0.9/16")));
});

test("what keepalived has put on an interface stays when topology is ACTIVE_STANDBY", async () => {
  const { network } = createRig({ topology: "ACTIVE_STANDBY" });
  const { mac } = await plugPort(1);
  const body = { ...VIP4, mac_address: mac };
  await network.plugVip("203.0.113.5", body);
  assert.ok(!(await dumpState()).some((line) => line.includes("203.0.113.5")));
  await inside("ip addr add 203.0.113.5/32 dev eth1");
  await inside("ip rule add from 203.0.113.5/32 table 1 priority 100 protocol 18");
  await inside("ip route add 203.0.113.0/24 dev eth1 table 1 protocol 18");
  const before = await dumpState();
  await network.restore();
  assert.deepEqual(await dumpState(), before);
});

test("routes and rules that the file no longer has are removed, foreign ones stay", async () => {
  const { network } = createRig();
  const { mac } = await plugPort(1);
  const body = { ...VIP4, mac_address: mac };
  await network.plugVip("203.0.113.5", body);
  const before = await dumpState();
  await inside("ip route add 10.1.0.0/16 dev eth1 proto static scope link");
  await inside("ip rule add from 10.0.0.1 table 1 priority 32000");
  await inside("ip addr add 10.0.0.1/32 dev eth1");
  await network.restore();
  assert.deepEqual(await dumpState(), before);
  await inside("ip route add 10.2.0.0/16 dev eth1");
  await inside("ip rule add from 10.0.0.2 table 1 priority 77");
  const foreign = await dumpState();
  await network.restore();
  assert.deepEqual(await dumpState(), foreign);
});

test("a new default gateway takes the old one's place", async () => {
  const { network } = createRig();
  const { mac } = await plugPort(1);
  await network.plugVip("203.0.113.5", { ...VIP4, mac_address: mac });
  await network.plugNetwork({
    mac_address: mac,
    vip_net_info: { vip: "203.0.113.5", ...VIP4, gateway: "203.0.113.254" },
  });
  const state = await dumpState();
  assert.ok(state.includes("default via 203.0.113.254 dev eth1 proto static onlink"), state.join("\n"));
  assert.ok(state.includes("default via 203.0.113.254 dev eth1 table 1 proto static onlink"));
});

test("impossible host routes and MTUs are logged, and the port comes up", async () => {
  const { network, lines } = createRig();
  const { mac } = await plugPort(2);
  const host_routes = [
    { destination: "nonsense", nexthop: "192.0.2.1" },
    { destination: "198.51.100.7/24", nexthop: "192.0.2.1" },
    { destination: "198.51.101.0/24", nexthop: "192.0.2.10" },
  ];
  await network.plugNetwork({
    mac_address: mac,
    mtu: 9_999_999,
    fixed_ips: [{ ip_address: "192.0.2.10", subnet_cidr: "192.0.2.0/24", host_routes }],
  });
  const state = await dumpState();
  assert.ok(state.includes("198.51.100.0/24 via 192.0.2.1 dev eth2 proto static onlink"), state.join("\n"));
  assert.match(await inside("ip link show eth2"), /\bUP\b/);
  const events = lines.map(({ event }) => event);
  assert.deepEqual(
    events.filter((event) => event === "network.route.skipped" || event === "network.step.failed").sort(),
    ["network.route.skipped", "network.step.failed", "network.step.failed"],
  );
});

test("a port without fixed IPs gets SLAAC settings", async () => {
  const { network } = createRig();
  const { mac } = await plugPort(1);
  const key = "net.ipv6.conf.eth1";
  await network.plugVip("2001:db8:0:1::5", { ...VIP6, mac_address: mac });
  assert.equal(await inside(`sysctl -n ${key}.accept_ra ${key}.autoconf`), "2\n1\n");
});

test("an SR-IOV port is closed before it comes up, and its firewall file is kept", async () => {
  const { network } = createRig();
  const { mac } = await plugPort(1);
  const body = { ...VIP4, mac_address: mac, is_sriov: true };
  await network.plugVip("203.0.113.5", body);
  const file = "/var/lib/octavia/nftables-vip.rules";
  assert.match(await shell(`stat -c %a ${file}; cat ${file}`), /^600\ntable inet amphora_table \{\n/);
  const rules = await inside("nft list ruleset");
  assert.match(rules, /policy drop/);
  assert.doesNotMatch(rules, /notrack/);
  await shell(`printf 'table inet amphora_table {\\n chain kept {\\n }\\n}\\n' >${file}`);
  await network.restore();
  assert.match(await inside("nft list ruleset"), /chain kept/);
});

test("interfaces are found by any form of their address, and reading never creates the namespace", async () => {
  const { network } = createRig();
  const missing = failsWith(404, { message: "Error interface not found for IP address" });
  await assert.rejects(network.interfaceOf("203.0.113.5"), missing);
  assert.deepEqual(await network.counters(), {});
  assert.equal(await shell("ip netns list"), "");
  const { mac } = await plugPort(1);
  await network.plugVip("2001:db8:0:1::5", { ...VIP6, mac_address: mac, vrrp_ip: "2001:db8:0:1::6" });
  assert.equal(await network.interfaceOf("2001:0DB8:0:1:0:0:0:5"), "eth1");
  await assert.rejects(network.interfaceOf("203.0.113.5"), missing);
  await assert.rejects(network.interfaceOf("eth1"), failsWith(400, { message: "Invalid IP address" }));
  const { eth1, ...others } = await network.counters();
  assert.deepEqual(others, {});
  assert.ok(eth1 && eth1.network_tx > 0 && eth1.network_rx >= 0);
});
