/** The firewall of an SR-IOV VIP port, judged by the traffic that gets through. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { AgentError } from "../../agent/errors.ts";
import type { Network } from "../../agent/network/types.ts";
import { cleanHost, createRig, inside, OUTSIDE, plugPort, shell } from "./network-rig.ts";

const FILE = "/var/lib/octavia/nftables-vip.rules";
const VRRP_ADDRESS = "203.0.113.6";
const VRRP_ADDRESS_6 = "2001:db8:0:1::5";
const PEER = "203.0.113.9";
const STRANGER = "203.0.113.8";
const PEER_6 = "2001:db8:0:1::9";
const HTTP = { protocol: "TCP", cidr: null, port: 80 };

const started: ChildProcess[] = [];
beforeEach(cleanHost);
afterEach(async () => {
  for (const child of started.splice(0))
    if (child.exitCode === null && child.kill()) await once(child, "exit");
  await cleanHost();
});

/** A dual-stack SR-IOV port that is up, with two hosts on its other side. */
async function aPort(): Promise<{ network: Network; commands: readonly string[] }> {
  const { network, commands } = createRig();
  const { mac } = await plugPort(1, [`${PEER}/24`, `${STRANGER}/24`, `${PEER_6}/64`]);
  await network.plugVip("203.0.113.5", {
    subnet_cidr: "203.0.113.0/24",
    gateway: null,
    vrrp_ip: VRRP_ADDRESS,
    mac_address: mac,
    is_sriov: true,
    additional_vips: [
      { ip_address: VRRP_ADDRESS_6, subnet_cidr: "2001:db8:0:1::/64", gateway: null, host_routes: [] },
    ],
  });
  return { network, commands };
}

function start(namespace: string, ...socat: string[]): ChildProcess & { output: () => string } {
  const child = spawn("ip", ["netns", "exec", namespace, "socat", ...socat]);
  started.push(child);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return Object.assign(child, { output: () => text });
}

/** A server of the amphora that says hello and then echoes. */
async function serve(port: number): Promise<void> {
  start("amphora-haproxy", `TCP6-LISTEN:${port},reuseaddr,fork,ipv6-v6only=0`, "EXEC:cat");
  await until(async () => (await inside(`ss -Hltn sport = ${port}`)) !== "", `a server on ${port}`);
}

/** Whether something sent from `source` comes back. */
async function reaches(port: number, source = PEER): Promise<boolean> {
  const target = source.includes(":") ? `TCP6:[${VRRP_ADDRESS_6}]` : `TCP4:${VRRP_ADDRESS}`;
  const from = source.includes(":") ? `[${source}]` : source;
  const answer = await shell(
    `echo hello | ip netns exec ${OUTSIDE} socat -t2 - ${target}:${port},bind=${from},connect-timeout=1 2>/dev/null || true`,
  );
  return answer === "hello\n";
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!(await condition())) {
    if (Date.now() > deadline) assert.fail(`not seen in time: ${what}`);
    await sleep(20);
  }
}

test("only the ports and sources of the rules get through, of both families", async () => {
  const { network } = await aPort();
  await serve(80);
  await serve(81);
  assert.equal(await reaches(80), false, "closed before the first rules");

  await network.replaceRules(VRRP_ADDRESS, [HTTP, { protocol: "TCP", cidr: `${PEER}/32`, port: 81 }]);
  assert.equal(
    (await readFile(FILE, "utf8")).includes("tcp dport 80 accept"),
    true,
    "first rules are written",
  );
  assert.equal(await reaches(80), true, "open for all");
  assert.equal(await reaches(80, PEER_6), true, "no source lets IPv6 in too");
  assert.equal(await reaches(81), true, "open for the peer");
  assert.equal(await reaches(81, STRANGER), false, "closed for others");

  await network.replaceRules(VRRP_ADDRESS, [{ ...HTTP, cidr: "::/0" }]);
  assert.equal(await reaches(80), false, "IPv6 only");
  assert.equal(await reaches(80, PEER_6), true);
});

test("an empty list closes the port for newcomers, and leaves open connections alone", async () => {
  const { network } = await aPort();
  await serve(80);
  await network.replaceRules(VRRP_ADDRESS, [HTTP]);
  const open = start(OUTSIDE, "-", `TCP4:${VRRP_ADDRESS}:80`);
  open.stdin?.write("one\n");
  await until(() => open.output() === "one\n", "an answer on the open connection");
  await network.replaceRules(VRRP_ADDRESS, []);
  assert.equal(await reaches(80), false);
  open.stdin?.write("two\n");
  await until(() => open.output() === "one\ntwo\n", "another answer on the open connection");
});

for (const [family, target, peer, length] of [
  [4, VRRP_ADDRESS, PEER, 32],
  [6, `[${VRRP_ADDRESS_6}]`, PEER_6, 128],
] as const) {
  test(`VRRP over IPv${family} gets through from the peer of the rule`, async () => {
    const { network } = await aPort();
    const from = family === 6 ? `[${peer}]` : peer;
    const receiver = start("amphora-haproxy", "-u", `IP${family}-RECV:112`, "-");
    await until(async () => (await inside("ss -Hwan")).includes(":112"), "a raw socket");
    const send = (text: string) =>
      shell(
        `printf ${text} | ip netns exec ${OUTSIDE} socat -u - IP${family}-SENDTO:${target}:112,bind=${from}`,
      );
    await network.replaceRules(VRRP_ADDRESS, [HTTP]);
    await send("dropped");
    await network.replaceRules(VRRP_ADDRESS, [{ protocol: "vrrp", cidr: `${peer}/${length}`, port: 112 }]);
    await send("passed");
    await until(() => receiver.output().includes("passed"), "a packet of the peer");
    assert.doesNotMatch(receiver.output(), /dropped/);
  });
}

test("a reboot brings the rules back, not the base firewall", async () => {
  const { network } = await aPort();
  await network.replaceRules(VRRP_ADDRESS, [HTTP]);
  await inside("nft flush ruleset");
  await network.restore();
  assert.match(await inside("nft list ruleset"), /tcp dport 80 accept/);
});

test("rules for an address that no interface has, or that is none, are R20's errors before the body is read", async () => {
  const { network } = await aPort();
  const withStatus = (status: number) => (error: unknown) =>
    error instanceof AgentError && error.status === status;
  await assert.rejects(network.replaceRules("198.51.100.1", "nonsense"), withStatus(404));
  await assert.rejects(network.replaceRules("eth1", "nonsense"), withStatus(400));
});

test("whatever rules a controller may send load, in both the merged and the unmerged form", async () => {
  const { network, commands } = await aPort();
  const octet = fc.constantFrom(0, 1, 10);
  // Few values, so that duplicates and overlaps are frequent.
  const cidr = fc.oneof(
    fc.constantFrom(null, "", "0.0.0.0/0", "::/0", "0.0.0.0", "10.0.0.0/255.0.0.0", "10.0.0.0/08"),
    fc.tuple(octet, octet, fc.constantFrom(0, 8, 24, 32)).map(([a, b, length]) => `10.${a}.${b}.0/${length}`),
    fc.constantFrom("2001:db8::/32", "2001:DB8::1/64", "::ffff:10.0.0.1/128", "2001:db8::1"),
  );
  const rule = fc.record({
    protocol: fc.constantFrom("TCP", "UDP", "SCTP", "vrrp"),
    cidr,
    port: fc.constantFrom(1, 80, 112, 65_535),
  });
  const run = fc.asyncProperty(fc.array(rule, { maxLength: 12 }), (rules) =>
    network.replaceRules(VRRP_ADDRESS, rules),
  );
  const overlap = ["10.0.0.0/8", "10.1.0.0/24"].map((cidr) => ({ protocol: "TCP", cidr, port: 80 }) as const);
  await fc.assert(run, {
    examples: [[overlap]],
    numRuns: 60,
    interruptAfterTimeLimit: 60_000,
    markInterruptAsFailure: true,
  });
  const loads = (options: string) =>
    commands.filter((line) => line.endsWith(`nft ${options} ${FILE}`)).length;
  assert.ok(loads("-o -f") >= 60);
  assert.ok(loads("-f") > 0, "no overlap was tried");
});
