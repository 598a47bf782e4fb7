/** `amphora-interface` and `amphora netns up`, as units and operators run them. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, test } from "node:test";
import { replaceFile } from "../../agent/system/files.ts";
import { cleanHost, createRig, dumpState, inside, plugPort, shell } from "./network-rig.ts";

beforeEach(cleanHost);
afterEach(cleanHost);

const PROGRAM = new URL("../../agent/cli/main.ts", import.meta.url).pathname;
const VIP = { subnet_cidr: "203.0.113.0/24", gateway: "203.0.113.1", vrrp_ip: "203.0.113.6" };

interface Ended {
  readonly code: number;
  readonly stdout: string;
}

/** Runs `amphora-interface` in the amphora's namespace. */
async function amphoraInterface(...args: string[]): Promise<Ended> {
  await shell(`ln -sfn ${PROGRAM} /run/amphora-interface`);
  const words = ["netns", "exec", "amphora-haproxy", process.execPath, "/run/amphora-interface"];
  const { promise, resolve } = Promise.withResolvers<Ended>();
  execFile("ip", [...words, ...args], (error, stdout) => {
    resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout });
  });
  return promise;
}

test("amphora-interface brings an interface down and up again", async () => {
  const { network } = createRig();
  const { mac } = await plugPort(1);
  await network.plugVip("203.0.113.5", { ...VIP, mac_address: mac });
  const before = await dumpState();
  assert.deepEqual(await amphoraInterface("down", "eth1"), { code: 0, stdout: "" });
  assert.ok(!(await dumpState()).some((line) => /203\.0\.113/.test(line)));
  assert.doesNotMatch(await inside("ip link show eth1"), /<[^>]*\bUP\b/);
  assert.doesNotMatch(await inside("nft list ruleset"), /masquerade/);
  assert.deepEqual(await amphoraInterface("down", "eth1"), { code: 0, stdout: "" });
  assert.deepEqual(await amphoraInterface("up", "all"), { code: 0, stdout: "" });
  assert.deepEqual(await dumpState(), before);
});

test("amphora-interface answers wrong calls with the contract's texts and exit codes", async () => {
  const { network } = createRig();
  await network.ensureNamespace();
  await network.writeLoopbackFile();
  const { code, stdout } = await amphoraInterface();
  assert.equal(code, 1);
  assert.match(stdout, /^usage: \S+ \[up\|down\] <interface>\n$/);
  const failure = "Error: Could not configure interface:";
  assert.deepEqual(await amphoraInterface("sideways", "eth1"), {
    code: 2,
    stdout: `${failure} Unknown action 'sideways'\n`,
  });
  assert.deepEqual(await amphoraInterface("up", "eth1"), {
    code: 2,
    stdout: `${failure} Could not find interface 'eth1'.\n`,
  });
  assert.deepEqual(await amphoraInterface("up", "lo"), { code: 0, stdout: "" });
});

test("one interface that fails does not keep the others down", async () => {
  const { network } = createRig();
  const { mac } = await plugPort(1);
  await network.plugVip("203.0.113.5", { ...VIP, mac_address: mac });
  const before = await dumpState();
  const orphan = {
    name: "eth7",
    if_type: "backend",
    addresses: [],
    routes: [],
    rules: [],
    scripts: { up: [], down: [] },
  };
  await replaceFile("/etc/octavia/interfaces/eth7.json", JSON.stringify(orphan), 0o644);
  await inside("ip link set eth1 down");
  assert.deepEqual(await amphoraInterface("up", "all"), {
    code: 2,
    stdout:
      "Error: Could not configure interface: Error on action 'up' for interface eth7: no link eth7 in the namespace.\n",
  });
  assert.deepEqual(await dumpState(), before);
});

test("a failing up script fails the command; a broken file fails everything", async () => {
  const { network } = createRig();
  await network.ensureNamespace();
  const file = { name: "lo", addresses: [], scripts: { up: [{ command: "sh -c 'exit" }] } };
  await shell("mkdir -p /etc/octavia/interfaces");
  await replaceFile("/etc/octavia/interfaces/lo.json", JSON.stringify(file), 0o644);
  const failed = await amphoraInterface("up", "lo");
  assert.equal(failed.code, 2);
  assert.match(failed.stdout, /Error on action 'up' for interface lo: .*ended with exit code 2/);
  await replaceFile("/etc/octavia/interfaces/zz.json", "{", 0o644);
  const broken = await amphoraInterface("down", "lo");
  assert.equal(broken.code, 2);
  assert.match(
    broken.stdout,
    /^Error: Could not configure interface: \/etc\/octavia\/interfaces\/zz\.json is broken/,
  );
});

test("amphora-interface takes the directory from the configuration file that it is given", async () => {
  const { network } = createRig({ agentServerNetworkDir: "/etc/octavia/elsewhere" });
  await network.ensureNamespace();
  await network.writeLoopbackFile();
  await replaceFile(
    "/etc/octavia/a.conf",
    "[amphora_agent]\nagent_server_network_dir = /etc/octavia/elsewhere\n",
    0o644,
  );
  assert.equal((await amphoraInterface("up", "lo")).code, 2);
  assert.deepEqual(await amphoraInterface("--config-file", "/etc/octavia/a.conf", "up", "lo"), {
    code: 0,
    stdout: "",
  });
  assert.match(await inside("ip -o addr show lo"), /127\.0\.0\.1\/8/);
});

test("after a reboot everything plugged is found by MAC and comes back as it was", async () => {
  const { network } = createRig();
  const [vip, member] = [await plugPort(1), await plugPort(2)];
  await network.writeLoopbackFile();
  await network.plugVip("203.0.113.5", { ...VIP, mac_address: vip.mac });
  await network.plugNetwork({
    mac_address: member.mac,
    fixed_ips: [{ ip_address: "2001:db8:2::10", subnet_cidr: "2001:db8:2::/48" }],
  });
  await network.restore();
  const before = await dumpState();
  // A reboot: the namespace and what was in it are gone, the ports are back under new names.
  await shell("ip netns del amphora-haproxy; ip netns del outside");
  await plugPort(2);
  await plugPort(1);
  await plugPort(9);
  await shell(`${process.execPath} ${PROGRAM} netns up`);
  assert.deepEqual(await dumpState(), before);
  assert.match(await shell("ip -o link show"), /port9/);
  const settings =
    "net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv4.conf.all.promote_secondaries net.ipv6.bindv6only";
  assert.equal(await inside(`sysctl -n ${settings}`), "1\n1\n1\n1\n");
});

test("works where kernel settings are read-only, and says so", async () => {
  const { network, lines } = createRig();
  const [vip, member] = [await plugPort(1), await plugPort(2)];
  await shell("mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys");
  try {
    await network.restore();
    await network.plugVip("203.0.113.5", { ...VIP, mac_address: vip.mac });
    await network.plugNetwork({
      mac_address: member.mac,
      fixed_ips: [{ ip_address: "2001:db8:2::10", subnet_cidr: "2001:db8:2::/48" }],
    });
    await network.idle();
  } finally {
    await shell("umount /proc/sys");
  }
  const state = (await dumpState()).join("\n");
  assert.match(state, /eth1 inet 203\.0\.113\.5\/32/);
  assert.match(state, /eth2 inet6 2001:db8:2::10\/48/);
  const events = new Set(lines.map(({ event }) => event));
  assert.ok(events.has("network.sysctl.refused") && events.has("network.restore.failed"));
});

test("the list of plugged ports survives blank lines and follows a new name", async () => {
  const { network } = createRig();
  const { mac } = await plugPort(1);
  await replaceFile("/var/lib/octavia/plugged_interfaces", `\n${mac.toUpperCase()} eth5\nhalf\n`, 0o644);
  await network.plugVip("203.0.113.5", { ...VIP, mac_address: mac });
  assert.equal(await readFile("/var/lib/octavia/plugged_interfaces", "utf8"), `${mac} eth1\n`);
});
