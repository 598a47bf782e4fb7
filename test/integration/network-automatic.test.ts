/** Addresses that come from the network, retries, and the NAT helper. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { after, afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { replaceFile } from "../../agent/system/files.ts";
import { cleanHost, createRig, dumpState, inside, OUTSIDE, plugPort, shell } from "./network-rig.ts";

const started: ChildProcess[] = [];
beforeEach(cleanHost);
afterEach(cleanHost);
after(() => {
  for (const child of started) child.kill();
});

/** Starts the DHCP server outside. @returns what it prints, as it comes */
async function startDhcpServer(device: string): Promise<string[]> {
  await shell(`ip -n ${OUTSIDE} route add 255.255.255.255 dev ${device}`);
  const program = new URL("network-dhcp-server.ts", import.meta.url).pathname;
  const words = ["netns", "exec", OUTSIDE, process.execPath, program, "198.18.0.77", "198.18.0.1"];
  const child = spawn("ip", words, { stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  const printed: string[] = [];
  const ready = Promise.withResolvers<void>();
  child.on("error", ready.reject);
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed.push(text.trim());
    ready.resolve();
  });
  await ready.promise;
  return printed;
}

test("a port without fixed IPs takes what DHCP and router advertisements give, and keeps it", async () => {
  const { network } = createRig();
  const { mac, far } = await plugPort(2, ["198.18.0.1/24"]);
  const printed = await startDhcpServer(far);
  assert.equal(await network.plugNetwork({ mac_address: mac }), "Plugged on interface eth2");
  const leased = /^eth2 inet 198\.18\.0\.77\/24 .* dynamic eth2/m;
  assert.match((await dumpState()).join("\n"), leased);
  assert.equal(await inside("sysctl -n net.ipv6.conf.eth2.accept_ra net.ipv6.conf.eth2.autoconf"), "2\n1\n");
  await network.plugNetwork({ mac_address: mac });
  assert.match((await dumpState()).join("\n"), leased);
  await shell(
    `ln -sfn ${new URL("../../agent/cli/main.ts", import.meta.url).pathname} /run/amphora-interface`,
  );
  await inside(`${process.execPath} /run/amphora-interface down eth2`);
  assert.equal(await inside("sysctl -n net.ipv6.conf.eth2.accept_ra net.ipv6.conf.eth2.autoconf"), "0\n0\n");
  const deadline = Date.now() + 5_000;
  while (!printed.includes("released") && Date.now() < deadline) await sleep(20);
  assert.ok(printed.includes("released"));
  // Ended processes whose parent has not looked yet do not count.
  assert.equal(await shell("ps -C dhclient -o stat= | grep -v Z || true"), "");
});

test("a route whose source is not there yet is tried again until it is", async () => {
  const { network, lines } = createRig();
  const { mac } = await plugPort(1);
  const vip = { subnet_cidr: "203.0.113.0/24", gateway: null, vrrp_ip: "203.0.113.6", mac_address: mac };
  await network.plugVip("203.0.113.5", vip);
  const file = {
    name: "eth1",
    if_type: "backend",
    addresses: [
      { address: "203.0.113.6", prefixlen: 24 },
      { address: "203.0.113.9", prefixlen: 32, octavia_owned: false },
    ],
    routes: [{ dst: "10.0.0.0/8", gateway: "203.0.113.1", prefsrc: "203.0.113.9", flags: ["onlink"] }],
  };
  await replaceFile("/etc/octavia/interfaces/eth1.json", JSON.stringify(file), 0o644);
  const running = network.restore();
  await sleep(1_000);
  await inside("ip addr add 203.0.113.9/32 dev eth1");
  await running;
  assert.ok(
    (await dumpState()).includes("10.0.0.0/8 via 203.0.113.1 dev eth1 proto static src 203.0.113.9 onlink"),
  );
  assert.deepEqual(
    lines.filter(({ event }) => event === "network.step.failed"),
    [],
  );
});

const MASQUERADE = "/usr/local/bin/lvs-masquerade.sh";

test("the NAT helper adds the contract's rules once, however often it runs", async () => {
  await shell(
    `${MASQUERADE} add ipv4 eth1 && ${MASQUERADE} add ipv4 eth2 && ${MASQUERADE} add ipv6 eth1 sriov`,
  );
  const rules = await shell("nft --numeric-protocol list ruleset");
  await shell(
    `${MASQUERADE} add ipv4 eth1 && ${MASQUERADE} add ipv4 eth2 && ${MASQUERADE} add ipv6 eth1 sriov`,
  );
  assert.equal(await shell("nft --numeric-protocol list ruleset"), rules);
  assert.match(
    rules,
    /chain prerouting \{\s+type filter hook prerouting priority raw; policy accept;\s+iifname "eth1" meta l4proto 6 notrack\s+iifname "eth2" meta l4proto 6 notrack\s+\}/,
  );
  assert.match(
    rules,
    /chain ip6-sctp-masq \{\s+type nat hook postrouting priority srcnat; policy accept;\s+oifname "eth1" meta l4proto 132 masquerade/,
  );
  assert.equal(rules.match(/notrack/g)?.length, 4);
  assert.equal(await shell(`${MASQUERADE} delete ipv4 eth1; echo $?`), "0\n");
  assert.equal(
    (await shell("nft --numeric-protocol list table ip octavia-ipv4")).replace(/\s/g, ""),
    "tableipoctavia-ipv4{}",
  );
  assert.equal(await shell(`${MASQUERADE} delete ipv4 eth1 2>/dev/null; echo $?`), "1\n");
});

test("the NAT helper falls back to iptables", async () => {
  await shell("mkdir -p /run/no-nft && ln -sf /bin/sh /run/no-nft/sh");
  const run = (words: string) => shell(`PATH=/run/no-nft ${MASQUERADE} ${words} 2>/dev/null; echo $?`);
  assert.equal(await run("add ipv4 eth7"), "0\n");
  assert.equal(await run("add ipv4 eth7"), "0\n");
  const rules = (await shell("/sbin/iptables-save")).split("\n").filter((line) => line.startsWith("-A"));
  assert.deepEqual(rules.sort(), [
    "-A OUTPUT -o eth7 -p tcp -j NOTRACK",
    "-A POSTROUTING -o eth7 -p sctp -j MASQUERADE",
    "-A POSTROUTING -o eth7 -p udp -j MASQUERADE",
    "-A PREROUTING -i eth7 -p tcp -j NOTRACK",
  ]);
  assert.equal(await run("delete ipv4 eth7"), "0\n");
  assert.doesNotMatch(await shell("/sbin/iptables-save"), /eth7/);
});

test("the NAT helper refuses what it does not know, with its usage", async () => {
  for (const words of ["", "add ipv4", "ad ipv4 eth1", "add ipv5 eth1", "add ipv4 'eth1\"'"]) {
    assert.match(await shell(`${MASQUERADE} ${words}; echo $?`), /^Usage: .*\n1\n$/s, words);
  }
});
