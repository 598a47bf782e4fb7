/** What somebody breaks in a running amphora is whole again, and nobody asked for it: the daemon on a throwaway host. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Daemon, startDaemon } from "./daemon.ts";
import { capture, dumpState, endCaptures, inside, OUTSIDE, plugPort, shell } from "./network-rig.ts";

const LB = "b2f2bb42-9d1f-4c5c-9d7a-0f1f9f0c6a22";
const AMPHORA = "1f7e8c4d-94ad-4ac2-a4d7-cd4ce7f95c61";
const [VIP, VIP6, CLIENT, CLIENT6] = ["203.0.113.5", "2001:db8::5", "203.0.113.1", "2001:db8::1"];
const PID_FILE = `/var/lib/octavia/${LB}/${LB}.pid`;
/** Events are followed at once; what has none is looked at twice a minute. */
const PATIENCE_MS = 60_000;

let daemon: Daemon;
let wanted: string[] = [];
const seconds = new Map<string, number>();

before(async () => {
  const { mac } = await plugPort(1, [`${CLIENT}/24`, `${CLIENT6}/64`]);
  await writeFile("/etc/sysctl.d/99-octavia.conf", "net.ipv4.ip_nonlocal_bind = 1\n");
  daemon = await startDaemon();
  await expect(202, "POST", `/1.0/plug/vip/${VIP}`, {
    subnet_cidr: "203.0.113.0/24",
    gateway: CLIENT,
    mac_address: mac,
    vrrp_ip: "203.0.113.6",
    mtu: 1450,
    host_routes: [{ destination: "198.51.100.0/24", nexthop: CLIENT }],
    additional_vips: [{ ip_address: VIP6, subnet_cidr: "2001:db8::/64", gateway: CLIENT6, host_routes: [] }],
  });
  // As at boot, when the agent or the namespace's unit restores the network.
  await inside(
    "sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.ip_nonlocal_bind=1",
  );
  await inside("ip link set lo up");
  await expect(202, "PUT", `/1.0/loadbalancer/${AMPHORA}/${LB}/haproxy`, CONFIG);
  await expect(202, "PUT", `/1.0/loadbalancer/${LB}/start`);
  await until(serves, "a load balancer that serves");
  wanted = await readOurs();
  await until(async () => events("healing.start.done").length > 0, "self-healing");
});

after(async () => {
  endCaptures();
  await daemon?.[Symbol.asyncDispose]();
  console.log("# broken: seconds until everything was as before");
  for (const [name, value] of seconds) console.log(`# ${name}: ${value.toFixed(2)}`);
});

beforeEach(async () => {
  await until(isWhole, "an amphora in order");
});

const BREAKS: readonly (readonly [name: string, damage: () => Promise<unknown>])[] = [
  ["the VIP removed", () => inside(`ip address del ${VIP}/32 dev eth1`)],
  ["the IPv6 VIP removed", () => inside(`ip address del ${VIP6}/128 dev eth1`)],
  ["all addresses flushed", () => inside("ip address flush dev eth1 scope global")],
  ["the default route removed", () => inside("ip route del default table 1")],
  [
    "all routes flushed",
    () => inside("ip route flush table main; ip -n amphora-haproxy route flush table 1"),
  ],
  ["a host route removed", () => inside("ip route del 198.51.100.0/24")],
  ["the rule removed", () => inside("ip rule del priority 32000")],
  ["the link down", () => inside("ip link set eth1 down")],
  ["the link renamed", () => shell(RENAME)],
  ["a wrong MTU", () => inside("ip link set eth1 mtu 1300")],
  ["the namespace's file unmounted", () => shell("umount /run/netns/amphora-haproxy")],
  ["the namespace's file deleted", () => shell("ip netns del amphora-haproxy")],
  ["the pid file removed", () => rm(PID_FILE)],
  ["HAProxy killed", async () => process.kill(Number(await readFile(PID_FILE, "utf8")), "SIGKILL")],
  [
    "forwarding switched off",
    () => inside("sysctl -q -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0"),
  ],
];

/** Older kernels rename only what is down. */
const RENAME = `ip -n amphora-haproxy link set eth1 name stray 2>/dev/null ||
  ip -n amphora-haproxy -batch - <<< $'link set eth1 down\\nlink set eth1 name stray\\nlink set stray up'`;

for (const [name, damage] of BREAKS) {
  test(`${name}: whole again, and told`, async () => {
    const repairs = told().length;
    await damage();
    const broken = performance.now();
    await until(isWhole, name);
    seconds.set(name, (performance.now() - broken) / 1_000);
    if (name === "HAProxy killed") return;
    await until(async () => told().length > repairs, "the repair in the log");
  });
}

test("what nothing tells of is noticed at the next regular look: settings and firewall rules", async () => {
  await inside("sysctl -q -w net.ipv6.bindv6only=0 net.ipv4.ip_nonlocal_bind=0");
  await inside("nft flush ruleset");
  const isGood = async () => {
    const [settings, rules] = await Promise.all([
      inside("sysctl net.ipv6.bindv6only net.ipv4.ip_nonlocal_bind"),
      inside("nft list ruleset"),
    ]);
    return !/= 0/.test(settings) && rules.includes("masquerade");
  };
  await until(isGood, "settings and rules");
});

test("a port that fell out of the namespace is back after a regular look, with all that was on it", async () => {
  // This process lives where the agent does, outside of the namespace.
  await inside(`ip link set dev eth1 netns ${process.pid}`);
  assert.match(await shell("ip -o link show dev eth1"), /eth1/);
  await until(isWhole, "an amphora in order");
  await until(serves, "a load balancer that serves");
});

test("repairs are in the status and in the metrics, by kind and with their cause", async () => {
  const status = JSON.parse((await send("GET", "/agent/v1/status")).body.toString()) as {
    healing: { repairs: Record<string, number>; last: { cause: string; differences: string[] } };
  };
  const { repairs, last } = status.healing;
  for (const kind of ["address", "route", "rule", "link", "namespace", "file"]) {
    assert.ok((repairs[kind] ?? 0) > 0, `${kind}: ${JSON.stringify(repairs)}`);
  }
  assert.ok(last.cause !== "" && last.differences.length > 0, JSON.stringify(last));
  const metrics = (await send("GET", "/agent/v1/metrics")).body.toString();
  assert.match(metrics, new RegExp(`^amphora_agent_repairs_total\\{kind="rule"\\} ${repairs.rule}$`, "m"));
});

test("a load balancer that came after self-healing began is watched at once", async () => {
  const id = "b2f2bb42-9d1f-4c5c-9d7a-0f1f9f0c6a23";
  const config = CONFIG.replaceAll(LB, id).replaceAll(/:80$/gm, ":81");
  await expect(202, "PUT", `/1.0/loadbalancer/${AMPHORA}/${id}/haproxy`, config);
  await expect(202, "PUT", `/1.0/loadbalancer/${id}/start`);
  const pidFile = `/var/lib/octavia/${id}/${id}.pid`;
  await until(async () => existsSync(pidFile), "the second HAProxy");
  const before = told().length;
  await rm(pidFile);
  await until(async () => existsSync(pidFile), "its pid file");
  await until(async () => told().length > before, "the repair in the log");
  assert.match(String(told().at(-1)?.cause), new RegExp(`${id}\\.pid`));
  await expect(200, "DELETE", `/1.0/listeners/${id}`);
});

test("what somebody else has added stays", async () => {
  await inside("ip address add 192.0.2.77/32 dev eth1");
  await inside("ip route add 192.0.2.128/25 dev eth1");
  await inside("ip address del 203.0.113.5/32 dev eth1");
  await until(async () => (await dumpState()).some((line) => line.includes(`${VIP}/32`)), "the VIP");
  const state = (await dumpState()).join("\n");
  assert.match(state, /192\.0\.2\.77/);
  assert.match(state, /192\.0\.2\.128\/25/);
  await inside("ip route del 192.0.2.128/25 dev eth1");
  await inside("ip address del 192.0.2.77/32 dev eth1");
});

test("a carrier that comes back, and a repair, announce the VIPs", async () => {
  const frames = await capture("far1");
  const isAnnounced = () =>
    frames.some((frame) => /^f{12}.{12}08060001080006040001.{12}cb007105/.test(frame));
  await inside("ip route del default table 1");
  await until(async () => isAnnounced(), "the announcement of a repair");
  frames.length = 0;
  await shell(`ip -n ${OUTSIDE} link set far1 down; ip -n ${OUTSIDE} link set far1 up`);
  await shell(`ip -n ${OUTSIDE} address add ${CLIENT6}/64 dev far1 nodad`);
  await until(async () => isAnnounced(), "the announcement of a new carrier");
});

test("a repair that somebody undoes all the time slows down, and is told", async () => {
  for (let round = 0; round < 5; round += 1) {
    await inside("ip rule del priority 32000").catch(() => "");
    await until(async () => (await dumpState()).some((line) => line.startsWith("32000:")), "the rule");
  }
  await until(async () => events("healing.repair.flapping").length > 0, "the report");
});

test("a full disk keeps nothing from serving, and changes go on when there is room again", async () => {
  // The throwaway host's own file system for /var/lib/octavia.
  await shell("mount -o remount,size=4m /var/lib/octavia");
  await shell("dd if=/dev/zero of=/var/lib/octavia/filler bs=64k 2>/dev/null || true");
  assert.ok(await serves());
  const refused = await send("PUT", `/1.0/loadbalancer/${AMPHORA}/${LB}/haproxy`, `${CONFIG}# changed\n`);
  assert.equal(refused.status, 500);
  await rm(PID_FILE);
  await inside("ip rule del priority 32000");
  await until(async () => (await dumpState()).some((line) => line.startsWith("32000:")), "the rule");
  await rm("/var/lib/octavia/filler");
  await until(async () => existsSync(PID_FILE), "the pid file");
  await expect(202, "PUT", `/1.0/loadbalancer/${AMPHORA}/${LB}/haproxy`, `${CONFIG}# changed\n`);
  await expect(202, "PUT", `/1.0/loadbalancer/${LB}/reload`);
  assert.ok(await serves());
});

test("a daemon that ends leaves nobody behind", async () => {
  await daemon[Symbol.asyncDispose]();
  // In brackets, so that it does not find itself.
  assert.equal(await shell("pgrep -fa '[m]onitor label' || true"), "", await describe());
});

const CONFIG = `# Configuration for loadbalancer ${LB}
global
    daemon
    user nobody
    stats socket /var/lib/octavia/${LB}.sock mode 0666 level user
    maxconn 100
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend 71012cc1-3a6c-4edc-bc23-bf857b818226
    bind ${VIP}:80
    bind [${VIP6}]:80
    http-request return status 200 content-type text/plain string served
`;

async function isWhole(): Promise<boolean> {
  if (!existsSync(PID_FILE)) return false;
  const [state, link, forwarding] = await Promise.all([
    readOurs(),
    inside("ip -o link show eth1"),
    inside("sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding"),
  ]);
  const isSame = JSON.stringify(state) === JSON.stringify(wanted);
  return isSame && link.includes("mtu 1450") && /^1\n1\n$/.test(forwarding) && (await serves());
}

/** Without what the kernel makes by itself, and what stands in for it. */
async function readOurs(): Promise<string[]> {
  const lines = await dumpState();
  return (
    lines
      .filter((line) => !/proto kernel|^203\.0\.113\.0\/24 dev eth1 proto static scope link$/.test(line))
      // Addresses on a link that was renamed get labels of their own.
      .map((line) => line.replace(/ eth1:\d+(?=\\)/, " eth1"))
  );
}

async function serves(): Promise<boolean> {
  const answers = await Promise.all(
    [VIP, `[${VIP6}]`].map((host) =>
      shell(`ip netns exec ${OUTSIDE} curl -s -m 1 http://${host}/`).catch(() => ""),
    ),
  );
  return answers.every((answer) => answer === "served");
}

function told(): Record<string, unknown>[] {
  return events("healing.repair.done");
}

function events(event: string): Record<string, unknown>[] {
  return daemon.lines().filter((line) => line.event === event);
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition().catch(() => false))) {
    if (performance.now() > deadline) {
      throw new Error(`${what}: not within ${PATIENCE_MS} ms\n${await describe()}`);
    }
    await sleep(20);
  }
}

/** What there is too many or too few of, and what the agent has said lately. */
async function describe(): Promise<string> {
  const state = await readOurs().catch((): string[] => []);
  const changes = [
    ...wanted.filter((line) => !state.includes(line)).map((line) => `- ${line}`),
    ...state.filter((line) => !wanted.includes(line)).map((line) => `+ ${line}`),
  ];
  return [
    ...changes,
    ...daemon
      .lines()
      .slice(-12)
      .map((line) => JSON.stringify(line)),
  ].join("\n");
}

function send(method: string, path: string, body?: string | object) {
  const text = typeof body === "object" ? JSON.stringify(body) : body;
  const headers = typeof body === "object" ? { "Content-Type": "application/json" } : {};
  return daemon.client.ask(method, path, { headers, ...(text !== undefined && { body: text }) });
}

async function expect(status: number, method: string, path: string, body?: string | object): Promise<void> {
  const answer = await send(method, path, body);
  assert.equal(answer.status, status, answer.body);
}
