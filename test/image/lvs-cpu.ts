/**
 * What a heartbeat costs with many UDP listeners: this checkout's agent and upstream's, one after the other in the same
 * guest, over the same keepalived processes. `lvs-cpu.ts UPSTREAM_IMAGE`, as test/image/upstream/build makes it, after
 * `npm run build:binary`; in a network namespace of its own or not. Prints JSON.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import process from "node:process";
import type { Received } from "../integration/heartbeat-host.ts";
import { AmphoraGuest, eventually } from "./amphora-guest.ts";
import { CONTROLLER_ADDRESS } from "./guest.ts";
import { idOf, lvsConfig } from "./lvs-documents.ts";

const ROOT = join(import.meta.dirname, "../..");
const LISTENERS = 20;
const MEMBERS = 20;
const HEARTBEATS = 8;
const HEARTBEAT_SECONDS = 10;
const UPSTREAM_UNIT = "amphora-agent.service";
const OUR_UNIT = "ours.service";
const LVS = "/var/lib/octavia/lvs";
/** What the guest may fetch, by name. */
const FILES: Readonly<Record<string, string>> = {
  agent: join(ROOT, "dist/binary/amphora"),
  "libatomic.so.1": "/usr/lib/x86_64-linux-gnu/libatomic.so.1",
};

const [image] = process.argv.slice(2);
assert.ok(image, "lvs-cpu.ts UPSTREAM_IMAGE");
const configs = new Map<string, string>();
for (let number = 1; number <= LISTENERS; number += 1) {
  const listenerId = idOf("11111111", number);
  const site = { amphoraId: idOf("aaaaaaaa", 1), vip: "10.1.0.5", vrrpIp: "10.1.0.6" };
  const members = Array.from({ length: MEMBERS }, (_, index) => ({
    id: idOf("eeeeeeee", number * 100 + index),
    address: `10.2.${number}.${index + 1}`,
    port: 7_000,
  }));
  const spec = {
    listenerId,
    poolId: idOf("22222222", number),
    protocol: "UDP",
    port: 5_000 + number,
    members,
  } as const;
  configs.set(listenerId, await lvsConfig(site, spec));
}

const server = await serve();
await using amphora = await AmphoraGuest.powerOn(image, {
  machine: "pc",
  bus: "cd",
  memoryMb: 2_048,
  handover: "personality",
  format: "iso9660",
  heartbeatSeconds: HEARTBEAT_SECONDS,
});
try {
  await amphora.answering();
  await startListeners();
  const upstream = await measure(UPSTREAM_UNIT);
  await amphora.exec(`systemctl stop ${UPSTREAM_UNIT}`);
  await startOurs();
  const ours = await measure(OUR_UNIT);
  console.log(
    JSON.stringify({ upstream, ours, ratio: ours.msPerHeartbeat / upstream.msPerHeartbeat }, undefined, 1),
  );
} finally {
  server.close();
  server.closeAllConnections();
}

async function serve(): Promise<Server> {
  const listening = createServer((request, response) => {
    const name = (request.url ?? "").slice(1);
    const file = FILES[name];
    if (file !== undefined) createReadStream(file).pipe(response);
    else response.writeHead(configs.has(name) ? 200 : 404).end(configs.get(name));
  }).listen(0, "127.0.0.1");
  await once(listening, "listening");
  return listening;
}

/** A shell's command that fetches what {@link serve} has. */
function fetchTo(path: string, name: string): string {
  const { port } = server.address() as { port: number };
  const url = `http://${CONTROLLER_ADDRESS}:${port}/${name}`;
  return `python3 -c "import urllib.request as r; r.urlretrieve('${url}', '${path}')"`;
}

async function startListeners(): Promise<void> {
  await amphora.exec(`mkdir -p ${LVS}; ip netns add amphora-haproxy; ip -n amphora-haproxy link set lo up`);
  for (const id of configs.keys()) {
    const stem = `${LVS}/octavia-keepalivedlvs-${id}`;
    const files = `-f ${stem}.conf -p ${stem}.pid -r ${stem}.vrrp.pid -c ${stem}.check.pid`;
    const start = `systemd-run --quiet --scope ip netns exec amphora-haproxy keepalived --log-facility=1 ${files}`;
    await amphora.exec(`${fetchTo(`${stem}.conf`, id)} && ${start}`);
  }
}

async function startOurs(): Promise<void> {
  const fetched = [
    fetchTo("/root/amphora-agent", "agent"),
    fetchTo("/root/libatomic.so.1", "libatomic.so.1"),
  ];
  await amphora.exec([...fetched, "chmod 0755 /root/amphora-agent"].join(" && "));
  const run = `systemd-run --quiet --unit=${OUR_UNIT} --setenv=LD_LIBRARY_PATH=/root`;
  await amphora.exec(`${run} /root/amphora-agent --config-file /etc/octavia/amphora-agent.conf`);
}

interface Measured {
  readonly msPerHeartbeat: number;
  readonly heartbeats: number;
  readonly bytes: number;
}

/** CPU time of all processes of a unit, by the heartbeat. */
async function measure(unit: string): Promise<Measured> {
  const isComplete = ({ message }: Received): boolean =>
    Object.keys(message.listeners).length === LISTENERS &&
    Object.values(message.pools).every(({ members }) => Object.keys(members).length === MEMBERS);
  const { received } = amphora.heartbeats;
  const complete = async (from: number, count: number): Promise<void> =>
    eventually("complete heartbeats", async () => received.slice(from).filter(isComplete).length >= count);
  await complete(received.length, 2);
  const from = received.length;
  const before = await usedMs(unit);
  await complete(from, HEARTBEATS);
  const used = (await usedMs(unit)) - before;
  const heartbeats = received.slice(from);
  return {
    msPerHeartbeat: used / heartbeats.length,
    heartbeats: heartbeats.length,
    bytes: heartbeats.at(-1)?.bytes ?? 0,
  };
}

async function usedMs(unit: string): Promise<number> {
  const stat = await amphora.exec(`cat /sys/fs/cgroup/system.slice/${unit}/cpu.stat`);
  return Number(/usage_usec (\d+)/.exec(stat)?.[1]) / 1_000;
}
