/** Workers that reloads have replaced, and the limits of their number, age and memory, on a throwaway host. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, afterEach, test } from "node:test";
import { parseOldWorkers } from "../../agent/loadbalancer/runtime/parse-old-workers.ts";
import type { WorkerLimits } from "../../agent/loadbalancer/types.ts";
import { ask } from "../../agent/system/unix-socket.ts";
import {
  AMPHORA,
  anAgent,
  controllersConfig,
  filesOf,
  furnish,
  get,
  idOf,
  question,
  type TestAgent,
  until,
  VIP,
} from "./loadbalancer-host.ts";

const host = await furnish();
const config = await controllersConfig("balance-round-robin");
const id = idOf(config);
const agents: TestAgent[] = [];
const clients: Socket[] = [];
let timeout = 40_000;
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});
after(async () => {
  await agents[0]?.loadBalancers.delete(id);
  for (const { supervisor } of agents) await supervisor.close();
  await host[Symbol.asyncDispose]();
});

/** An agent whose limits are in force. */
async function limitedTo(limits: Partial<WorkerLimits>): Promise<TestAgent> {
  const agent = await anAgent("SINGLE", { limits });
  agents.push(agent);
  await reload(agent);
  await until(async () => (await oldWorkers()).length === 0);
  return agent;
}

async function reload({ loadBalancers }: TestAgent): Promise<void> {
  timeout += 1;
  const text = config.replace("timeout client 50000", `timeout client ${timeout}`);
  await loadBalancers.upload(AMPHORA, id, Buffer.from(text));
  await loadBalancers.act(id, "reload");
}

/** A client that stays, and then a reload. */
async function comeAndReload(agent: TestAgent): Promise<Socket> {
  const client = connect(80, VIP);
  clients.push(client);
  await question(client);
  await reload(agent);
  return client;
}

const oldWorkers = async () =>
  parseOldWorkers(
    (await ask(filesOf(id).masterSocket, "show proc;quit", { timeoutMs: 5_000 })).toString("utf8"),
  );

test("without limits every worker stays as long as its client", async () => {
  const agent = await limitedTo({});
  for (let count = 1; count <= 6; count += 1) {
    await comeAndReload(agent);
    assert.equal((await oldWorkers()).length, count);
  }
  assert.ok(clients.every(({ closed }) => !closed));
});

test("beyond their number the oldest are ended, and only they", async () => {
  const agent = await limitedTo({ haproxyOldWorkers: 3 });
  for (let count = 1; count <= 8; count += 1) {
    await comeAndReload(agent);
    const most = Math.min(count, 3);
    await until(async () => (await oldWorkers()).length <= most);
  }
  await until(() => Promise.resolve(clients.slice(0, 5).every(({ closed }) => closed)));
  assert.deepEqual(
    clients.slice(-3).map(({ closed }) => closed),
    [false, false, false],
  );
  assert.match(await get(), /^10\.0\.0\.1[01]$/);
});

test("beyond their age they are ended", async () => {
  const agent = await limitedTo({ haproxyOldWorkerSeconds: 1 });
  const client = await comeAndReload(agent);
  await until(async () => (await oldWorkers()).length === 0, 20_000);
  await until(() => Promise.resolve(client.closed));
});

test("where the machine has too little memory left, a reload ends them, the newest worker serves", async () => {
  const roomy = await limitedTo({});
  const client = await comeAndReload(roomy);
  assert.equal((await oldWorkers()).length, 1);
  // More than any machine has available.
  const agent = await anAgent("SINGLE", { limits: { haproxyMemoryReservePercent: 100 } });
  agents.push(agent);
  await reload(agent);
  assert.deepEqual(await oldWorkers(), []);
  await until(() => Promise.resolve(client.closed));
  assert.match(await get(), /^10\.0\.0\.1[01]$/);
});
