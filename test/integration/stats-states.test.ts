/** Pools that are not asked for as long as no server changes are still what HAProxy says of them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SampleReader } from "../../agent/loadbalancer/sample-reader.ts";
import type { LoadBalancerSample } from "../../agent/loadbalancer/types.ts";
import { ask } from "../../agent/system/unix-socket.ts";
import { aBase, until } from "./heartbeat-host.ts";

const PORT = 18_361;
const CHECKED_PORT = 18_362;
const POOL = "pool:listener";

const base = await aBase();
const socket = `${base}/lb.sock`;
await writeFile(
  `${base}/haproxy.cfg`,
  `global
  stats socket ${socket} mode 0666 level admin
  maxconn 100
defaults
  mode tcp
  timeout client 60s
  timeout server 60s
  timeout connect 1s
frontend listener
  bind 127.0.0.1:${PORT}
  default_backend ${POOL}
backend ${POOL}
  server checked 127.0.0.1:${CHECKED_PORT} weight 5 check inter 200ms fall 3 rise 2
  server plain 127.0.0.1:1 weight 1
  server spare 127.0.0.1:1 weight 1 backup
backend second:listener
  server tracks 127.0.0.1:1 track ${POOL}/checked
  server slow 127.0.0.1:1 weight 10 check port ${CHECKED_PORT} inter 40ms slowstart 200ms
`,
);
const haproxy = spawn("haproxy", ["-db", "-f", `${base}/haproxy.cfg`], { stdio: "ignore" });
const kept = new SampleReader("lb", socket);
after(async () => {
  kept.close();
  haproxy.kill();
  await once(haproxy, "exit");
});
await until(async () => (await tell("show version").catch(() => "")) !== "");

async function tell(command: string): Promise<string> {
  return (await ask(socket, command, { timeoutMs: 2_000 })).toString();
}

/** What a reader without memory reads. */
async function readAnew(): Promise<LoadBalancerSample> {
  const reader = new SampleReader("lb", socket);
  try {
    return await reader.read();
  } finally {
    reader.close();
  }
}

/** @returns what the kept reader says, which nothing has changed around */
async function compared(): Promise<LoadBalancerSample> {
  for (;;) {
    const before = await readAnew();
    const sample = await kept.read();
    const afterwards = await readAnew();
    if (JSON.stringify(before.pools) !== JSON.stringify(afterwards.pools)) continue;
    assert.deepEqual(sample.pools, before.pools);
    return sample;
  }
}

async function statusOf(server: string): Promise<string | undefined> {
  const sample = await compared();
  return sample.pools.map(({ members }) => members[server]).find((status) => status !== undefined);
}

let member: Server | undefined;

async function listen(): Promise<void> {
  member ??= createServer((connection) => connection.destroy()).listen(CHECKED_PORT, "127.0.0.1");
  if (!member.listening) await once(member, "listening");
}

async function close(): Promise<void> {
  member?.close();
  member = undefined;
}

after(close);

test("members that nothing happens to are read once", async () => {
  await listen();
  let pools: LoadBalancerSample["pools"] | undefined;
  await until(async () => {
    const last = pools;
    // Longer than a check and the growth of the slow one's weight.
    await sleep(400);
    ({ pools } = await compared());
    return pools === last && (await statusOf("checked")) === "UP" && (await statusOf("slow")) === "UP";
  });
  for (let look = 0; look < 30; look += 1) assert.equal((await compared()).pools, pools);
});

test("a member that goes down and comes back is seen at each step", async () => {
  const seen = new Set<string | undefined>();
  await close();
  await until(async () => {
    seen.add(await statusOf("checked"));
    return seen.has("DOWN");
  });
  await listen();
  await until(async () => {
    seen.add(await statusOf("checked"));
    return (await statusOf("checked")) === "UP";
  });
  assert.ok(seen.has("UP 2/3") || seen.has("UP 1/3"), [...seen].join());
});

test("whatever is done to members is seen, in any order", async () => {
  await listen();
  const targets = [`${POOL}/checked`, `${POOL}/plain`, "second:listener/slow"];
  const commands = [
    ...targets.flatMap((target) => [
      `set server ${target} state maint`,
      `set server ${target} state drain`,
      `set server ${target} state ready`,
      `set weight ${target} 0`,
      `set weight ${target} 7`,
      `set weight ${target} 100%`,
    ]),
    ...targets
      .slice(0, 1)
      .flatMap((target) => [
        `disable health ${target}`,
        `enable health ${target}`,
        `set server ${target} health down`,
        `set server ${target} health up`,
        `set server ${target} health stopping`,
      ]),
    `set server ${POOL}/plain addr 127.0.0.2 port 2`,
    `add server ${POOL}/added 127.0.0.1:3`,
    `enable server ${POOL}/added`,
    `disable server ${POOL}/added`,
    `del server ${POOL}/added`,
  ];
  const statuses = new Set<string>();
  // The same order each time, with nothing repeated soon.
  for (let step = 0; step < 150; step += 1) {
    await tell(commands[(step * 17 + Math.floor(step / commands.length)) % commands.length] ?? "");
    const { pools } = await compared();
    for (const { members } of pools) for (const status of Object.values(members)) statuses.add(status);
  }
  for (const expected of ["UP", "DOWN", "DRAIN", "MAINT", "no check"]) {
    assert.ok(statuses.has(expected), `${expected} was not seen, but ${[...statuses].join()}`);
  }
});
