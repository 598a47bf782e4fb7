/**
 * UDP and SCTP listeners in the booted image: only its kernel has `ip_vs`. Clients and members are in this process's
 * network namespace, which image-build/boot-test has made. The steps build upon each other.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import process from "node:process";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { AmphoraGuest, eventually, type Shape } from "./amphora-guest.ts";
import { idOf, type LvsMember, type LvsSpec, lvsConfig } from "./lvs-documents.ts";
import { changesOf, Traffic } from "./lvs-traffic.ts";
import { OctaviaHealth, type OctaviaRows } from "./octavia-health.ts";
import { CLIENTS, clientAddress, EchoMember, Flow, layCables, memberAddress, QUESTION } from "./outside.ts";
import { SctpPeer } from "./sctp-peer.ts";

const IMAGE = process.env.AMPHORA_IMAGE ?? "";
const VIP = { 4: "10.1.0.5", 6: "fd00:1::5" } as const;
const FAMILIES = [4, 6] as const;
const PORT = 5_000;
const ECHO_PORT = 7_000;
/** Headers of IP and UDP, which the kernel counts too. */
const HEADERS = { 4: 28, 6: 48 } as const;
/** A check may take long where nothing runs fast; a port that refuses shows at once. */
const MONITOR = { type: "UDP-CONNECT", delay: 3, timeout: 60 } as const;
/** One more check than retries, each of them as late and as slow as it may be. */
const LEAVES_WITHIN_MS = 2 * (MONITOR.delay + MONITOR.timeout) * 1_000;

let amphora: AmphoraGuest;
let octavia: OctaviaHealth;
/** How many heartbeats Octavia has taken. */
let taken = 0;
const udp: LvsSpec = {
  listenerId: randomUUID(),
  poolId: randomUUID(),
  protocol: "UDP",
  port: PORT,
  members: [],
  monitor: MONITOR,
};
/** By name: `4.1` is the first member with an IPv4 address. */
const members = new Map<string, EchoMember>();
const WEIGHTS = [3, 2, 1] as const;
/** As Octavia has it unless told otherwise. */
const HEARTBEAT_SECONDS = 10;
const FLOWS_PER_FAMILY = 10;
const SHAPE: Shape = {
  machine: "q35",
  bus: "cd",
  memoryMb: 1_024,
  handover: "personality",
  format: "iso9660",
  heartbeatSeconds: HEARTBEAT_SECONDS,
};

before(async () => {
  assert.notEqual(IMAGE, "", "AMPHORA_IMAGE names the image to boot");
  await layCables();
  for (const family of FAMILIES) {
    for (const number of [1, 2, 3, 4]) {
      const member = new EchoMember(`${family}.${number}`, memberAddress(family, 10 + number), ECHO_PORT);
      await member.start();
      members.set(member.name, member);
    }
  }
  amphora = await AmphoraGuest.powerOn(IMAGE, SHAPE);
  await amphora.answering();
  octavia = await OctaviaHealth.create(amphora.heartbeats.key, {
    amphora: amphora.identities.amphoraId,
    listeners: [
      {
        id: udp.listenerId,
        pool: udp.poolId,
        protocol: "UDP",
        port: PORT,
        monitor: MONITOR.type,
        members: allMembers().map(({ id, address, port }) => ({ id, address, port, enabled: true })),
      },
    ],
  });
  await plug();
});
after(async () => {
  await octavia?.[Symbol.asyncDispose]();
  await amphora?.[Symbol.asyncDispose]();
  for (const member of members.values()) await member.stop();
});

async function plug(): Promise<void> {
  const networks = (family: 4 | 6) => (family === 4 ? "10.1.0.0/24" : "fd00:1::/64");
  await amphora.guest.plugTap("fa:16:3e:00:01:01", "vip");
  await post("/1.0/plug/vip/10.1.0.5", {
    subnet_cidr: networks(4),
    gateway: "10.1.0.2",
    mac_address: "fa:16:3e:00:01:01",
    vrrp_ip: "10.1.0.6",
    mtu: 1_450,
    host_routes: [],
    additional_vips: [
      { ip_address: VIP[6], subnet_cidr: networks(6), gateway: "fd00:1::2", host_routes: [] },
    ],
  });
  await amphora.guest.plugTap("fa:16:3e:00:02:01", "members");
  await post("/1.0/plug/network", {
    mac_address: "fa:16:3e:00:02:01",
    fixed_ips: [
      { ip_address: "10.2.0.7", subnet_cidr: "10.2.0.0/24", host_routes: [] },
      { ip_address: "fd00:2::7", subnet_cidr: "fd00:2::/64", host_routes: [] },
    ],
    mtu: 1_450,
  });
}

/** The card may not have been seen yet: controllers try again after 404, too. */
async function post(path: string, body: object): Promise<void> {
  await eventually(path, async () => (await amphora.client.send("POST", path, body)).status === 202);
}

function member(name: string, shape: Partial<LvsMember> = {}): LvsMember {
  const server = members.get(name);
  assert.ok(server, name);
  return {
    id: idOf("eeeeeeee", Number(name.replace(".", ""))),
    address: server.address,
    port: server.port,
    ...shape,
  };
}

async function upload(spec: LvsSpec): Promise<void> {
  const site = { amphoraId: amphora.identities.amphoraId, vip: VIP[4], vip6: VIP[6], vrrpIp: "10.1.0.6" };
  const path = `/1.0/listeners/${site.amphoraId}/${spec.listenerId}/udp_listener`;
  await amphora.client.expect(200, "PUT", path, await lvsConfig(site, spec));
}

async function apply(spec: LvsSpec, action: "start" | "reload" = "reload"): Promise<void> {
  await upload(spec);
  await amphora.client.expect(202, "PUT", `/1.0/loadbalancer/${spec.listenerId}/${action}`);
}

const usual = FAMILIES.flatMap((family) =>
  WEIGHTS.map((weight, index) => member.bind(undefined, `${family}.${index + 1}`, { weight })),
);
const allMembers = () => usual.map((make) => make());

/** How many of so many new flows each member answers. */
async function spread(family: 4 | 6, flows: number): Promise<Record<string, number>> {
  const answers: Record<string, number> = {};
  for (let number = 0; number < flows; number += 1) {
    const from = clientAddress(family, CLIENTS[number % CLIENTS.length] ?? 0);
    await using flow = await Flow.open(from, VIP[family], PORT);
    const name = (await flow.ask()) ?? "nobody";
    answers[name] = (answers[name] ?? 0) + 1;
  }
  return answers;
}

async function answering(family: 4 | 6): Promise<void> {
  await eventually(`an answer by IPv${family}`, async () => {
    await using flow = await Flow.open(clientAddress(family, CLIENTS[0]), VIP[family], PORT);
    return (await flow.ask()) !== undefined;
  });
}

/** What so many questions and their answers come to, in bytes. */
async function counted(family: 4 | 6, flows: number): Promise<{ sent: number; answered: number }> {
  let sent = 0;
  let answered = 0;
  for (let number = 0; number < flows; number += 1) {
    await using flow = await Flow.open(clientAddress(family, CLIENTS[0]), VIP[family], PORT);
    const name = await flow.ask();
    assert.ok(name);
    sent += HEADERS[family] + QUESTION.length;
    answered += HEADERS[family] + `${name} ${QUESTION}`.length;
  }
  return { sent, answered };
}

/** What heartbeats so far add up to: each has what is new. */
function total(listenerId = udp.listenerId): { rx: number; tx: number; totconns: number } {
  const sum = { rx: 0, tx: 0, totconns: 0 };
  for (const { message } of amphora.heartbeats.received) {
    const stats = message.listeners[listenerId]?.stats;
    for (const name of ["rx", "tx", "totconns"] as const) sum[name] += Number(stats?.[name] ?? 0);
  }
  return sum;
}

/** States of a pool's members in the last heartbeat. */
function states(poolId = udp.poolId): Readonly<Record<string, string>> {
  return amphora.heartbeats.received.at(-1)?.message.pools[poolId]?.members ?? {};
}

async function stateBecomes(name: string, wanted: string): Promise<void> {
  const { id } = member(name);
  await eventually(`${name} as ${wanted}`, async () => states()[id] === wanted);
}

/** What Octavia's health manager makes of all heartbeats so far that tell of the listener. */
async function octaviaRows(): Promise<OctaviaRows> {
  let rows: OctaviaRows | undefined;
  while (rows === undefined || taken < amphora.heartbeats.received.length) {
    const heartbeat = amphora.heartbeats.received[taken++];
    if (heartbeat === undefined) throw new Error("no heartbeat has told of the listener since");
    if (heartbeat.message.listeners[udp.listenerId]) rows = await octavia.take(heartbeat.datagram);
  }
  return rows;
}

test("new flows are spread as members are weighted, at the IPv4 and the IPv6 VIP", async () => {
  await apply({ ...udp, members: allMembers() }, "start");
  for (const family of FAMILIES) {
    await answering(family);
    const answers = await spread(family, 60);
    console.log(`# IPv${family}: ${JSON.stringify(answers)} of 60 flows for weights ${WEIGHTS}`);
    for (const [index, weight] of WEIGHTS.entries()) {
      const share = answers[`${family}.${index + 1}`] ?? 0;
      assert.ok(Math.abs(share - weight * 10) <= 1, JSON.stringify(answers));
    }
  }
});

test("heartbeats tell members' states, and count every byte as the kernel does", async () => {
  await apply({ ...udp, members: allMembers() });
  for (const name of ["4.1", "4.2", "4.3", "6.1", "6.2", "6.3"]) await stateBecomes(name, "UP");
  // Nothing of the kernel's is left to be told.
  const from = amphora.heartbeats.received.length;
  await eventually("two heartbeats", async () => amphora.heartbeats.received.length >= from + 2);
  const before = total();
  const { sent, answered } = await counted(4, 20);
  await eventually("all bytes", async () => total().rx >= before.rx + sent);
  assert.deepEqual(total(), {
    rx: before.rx + sent,
    tx: before.tx + answered,
    totconns: before.totconns + 20,
  });
  const rows = await octaviaRows();
  assert.ok(rows.isAlive);
  assert.equal(rows.loadBalancer, "ONLINE");
  assert.equal(rows.listeners[udp.listenerId], "ONLINE");
  assert.deepEqual(Object.values(rows.members), Array(6).fill("ONLINE"));
  const {
    bytes_in: bytesIn,
    bytes_out: bytesOut,
    total_connections: connections,
  } = rows.statistics[udp.listenerId] ?? {};
  const { rx, tx, totconns } = total();
  assert.deepEqual([bytesIn, bytesOut, connections], [rx, tx, totconns]);
});

test("a member that dies leaves within its monitor's limits, and comes back", async () => {
  const dead = members.get("4.2");
  assert.ok(dead);
  await dead.stop();
  const diedAt = performance.now();
  await stateBecomes("4.2", "DOWN");
  const leftAfterMs = performance.now() - diedAt;
  console.log(`# left after ${(leftAfterMs / 1_000).toFixed(1)} s; limit ${LEAVES_WITHIN_MS / 1_000} s`);
  // Heartbeats tell of it.
  assert.ok(leftAfterMs < LEAVES_WITHIN_MS + 2_000 * HEARTBEAT_SECONDS, `left after ${leftAfterMs} ms`);
  assert.deepEqual(Object.keys(await spread(4, 8)).sort(), ["4.1", "4.3"]);
  assert.equal((await octaviaRows()).members[member("4.2").id], "ERROR");
  // Who is dead stays dead when another member is added: nothing is sent there meanwhile.
  await apply({ ...udp, members: [...allMembers(), member("4.4")] });
  assert.deepEqual(Object.keys(await spread(4, 10)).sort(), ["4.1", "4.3", "4.4"]);
  await stateBecomes("4.4", "UP");
  assert.equal(states()[member("4.2").id], "DOWN");
  await apply({ ...udp, members: allMembers() });
  await dead.start();
  await stateBecomes("4.2", "UP");
});

test("a member with weight 0 keeps its flows and gets no new ones; a disabled one is in maintenance", async () => {
  await using flow = await Flow.open(clientAddress(4, CLIENTS[0]), VIP[4], PORT);
  const name = await flow.ask();
  assert.ok(name);
  const others = allMembers().map((each) =>
    each.id === member(name).id ? member(name, { weight: 0 }) : each,
  );
  await apply({ ...udp, members: others });
  await stateBecomes(name, "DRAIN");
  assert.equal((await octaviaRows()).members[member(name).id], "DRAINING");
  assert.equal(await flow.ask(), name);
  assert.ok(!(name in (await spread(4, 8))));
  await apply({
    ...udp,
    members: allMembers().map((each) =>
      each.id === member("4.3").id ? member("4.3", { enabled: false }) : each,
    ),
  });
  await stateBecomes("4.3", "MAINT");
  assert.equal((await octaviaRows()).members[member("4.3").id], "OFFLINE");
  await stateBecomes(name === "4.3" ? "4.2" : name, "UP");
  await apply({ ...udp, members: allMembers() });
  await stateBecomes("4.3", "UP");
});

test("through a restart members are shown as restarting, none as down", async () => {
  // Another delay of the monitor: no reload of keepalived's does for that.
  const monitor = { ...MONITOR, delay: MONITOR.delay + 1 };
  const from = amphora.heartbeats.received.length;
  await upload({ ...udp, members: [...allMembers(), member("4.4")], monitor });
  await stateBecomes("4.4", "RESTARTING");
  await amphora.client.expect(202, "PUT", `/1.0/loadbalancer/${udp.listenerId}/reload`);
  await stateBecomes("4.4", "UP");
  await answering(4);
  await apply({ ...udp, members: allMembers() });
  const shown = amphora.heartbeats.received.slice(from).flatMap(({ message }) => {
    return Object.values(message.pools[udp.poolId]?.members ?? {});
  });
  assert.deepEqual([...new Set(shown)].sort(), ["RESTARTING", "UP"]);
});

test("a client's address stays with its member, as long as persistence lasts", async () => {
  const sticky: LvsSpec = { ...udp, listenerId: randomUUID(), poolId: randomUUID(), port: PORT + 1 };
  await apply({ ...sticky, members: allMembers(), persistence: 300 }, "start");
  for (const family of FAMILIES) {
    const chosen = new Set<string>();
    for (const number of CLIENTS) {
      const from = clientAddress(family, number);
      const answers = new Set<string>();
      for (let flows = 0; flows < 5; flows += 1) {
        await using flow = await Flow.open(from, VIP[family], sticky.port);
        answers.add((await flow.ask()) ?? "nobody");
      }
      assert.equal(answers.size, 1, `${from}: ${[...answers]}`);
      chosen.add([...answers].join());
    }
    assert.ok(chosen.size > 1 && !chosen.has("nobody"), `all at ${[...chosen]}`);
  }
  await amphora.client.expect(200, "DELETE", `/1.0/listeners/${sticky.listenerId}`);
});

/** Flows whose member has that name. */
async function flowsTo(name: RegExp): Promise<Flow[]> {
  const flows: Flow[] = [];
  for (const family of FAMILIES) {
    for (let number = 0; number < FLOWS_PER_FAMILY; number += 1) {
      const from = clientAddress(family, CLIENTS[number % CLIENTS.length] ?? 0);
      const flow = await Flow.open(from, VIP[family], PORT);
      flows.push(flow);
      assert.match((await flow.ask()) ?? "nobody", name);
    }
  }
  return flows;
}

test("fifty changes of members under 500 packets a second: none to a member that stays is lost", async () => {
  const stays = ["4.1", "4.2", "6.1", "6.2"];
  const staying = stays.map((name) => member(name));
  await apply({ ...udp, members: staying });
  await answering(4);
  await answering(6);
  await using traffic = new Traffic(await flowsTo(/^[46]\.[12]$/));
  traffic.start();
  const changes = changesOf(staying, member);
  const durations: number[] = [];
  for (const list of changes) {
    const start = performance.now();
    await apply({ ...udp, members: list });
    durations.push(performance.now() - start);
  }
  const { sent, lost, perSecond } = await traffic.end();
  const mean = durations.reduce((sum, each) => sum + each, 0) / durations.length;
  console.log(
    `# ${changes.length} changes of ${mean.toFixed(0)} ms each: ${lost} of ${sent} packets lost, ${perSecond.toFixed(0)} packets/s`,
  );
  assert.equal(changes.length, 50);
  assert.equal(lost, 0);
});

test("an SCTP listener passes data by IPv4 and IPv6, and sees its members' health", async () => {
  await using peer = await SctpPeer.powerOn(IMAGE, SHAPE);
  const sctp: LvsSpec = {
    listenerId: randomUUID(),
    poolId: randomUUID(),
    protocol: "SCTP",
    port: PORT + 2,
    monitor: { type: "SCTP", delay: MONITOR.delay, timeout: MONITOR.timeout },
    members: FAMILIES.flatMap((family) =>
      [0, 1].map((number) => ({
        id: idOf("dddddddd", family * 10 + number),
        address: SctpPeer.address(family),
        port: ECHO_PORT + number,
      })),
    ),
  };
  for (const number of [0, 1]) await peer.startMember(`sctp${number}`, ECHO_PORT + number);
  await apply(sctp, "start");
  const becomes = (wanted: Readonly<Record<string, string>>) =>
    eventually(JSON.stringify(wanted), async () => isDeepStrictEqual(states(sctp.poolId), wanted));
  const all = (first: string, second: string) =>
    Object.fromEntries(sctp.members.map(({ id }, index) => [id, index % 2 === 0 ? first : second]));
  await becomes(all("UP", "UP"));
  for (const family of FAMILIES) {
    const to = { address: VIP[family], port: sctp.port, count: 20, size: 1_024 };
    const answers = [await peer.talk(to), await peer.talk(to)];
    console.log(`# SCTP by IPv${family}: ${JSON.stringify(answers)} bytes`);
    assert.deepEqual(
      answers.toSorted((one, other) => Object.keys(one)[0]?.localeCompare(Object.keys(other)[0] ?? "") ?? 0),
      [{ sctp0: to.count * to.size }, { sctp1: to.count * to.size }],
    );
  }
  await eventually("bytes in heartbeats", async () => total(sctp.listenerId).rx > 2 * 2 * 20 * 1_024);
  assert.equal(total(sctp.listenerId).totconns, 4);
  await peer.stopMember("sctp1");
  await becomes(all("UP", "DOWN"));
  await amphora.client.expect(200, "DELETE", `/1.0/listeners/${sctp.listenerId}`);
});
