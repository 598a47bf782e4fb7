/** Members that are removed while clients use them, on a throwaway host. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, afterEach, test } from "node:test";
import { createStatsReader } from "../../agent/loadbalancer/read-stats.ts";
import { readHistory } from "../../agent/loadbalancer/runtime/history.ts";
import { parseServersState } from "../../agent/loadbalancer/runtime/parse-servers-state.ts";
import type { LoadBalancers } from "../../agent/loadbalancer/types.ts";
import { isFile } from "../../agent/system/files.ts";
import { ask } from "../../agent/system/unix-socket.ts";
import {
  AMPHORA,
  anAgent,
  BASE,
  controllersConfig,
  filesOf,
  furnish,
  get,
  idOf,
  question,
  until,
  VIP,
} from "./loadbalancer-host.ts";

const host = await furnish();
const config = await controllersConfig("balance-round-robin");
const id = idOf(config);
const files = filesOf(id);
const [line = ""] = /^ {4}server .*\n/m.exec(config) ?? [];
const [, member = ""] = /server (\S+)/.exec(line) ?? [];
const without = config.replace(line, "");
const stats = createStatsReader(() => BASE);
const agent = await anAgent("SINGLE", { stats });
const clients: Socket[] = [];
afterEach(leave);
after(async () => {
  stats.close();
  await agent.loadBalancers.delete(id);
  await agent.supervisor.close();
  await host[Symbol.asyncDispose]();
});

async function apply(
  text: string,
  { loadBalancers }: { loadBalancers: LoadBalancers } = agent,
): Promise<string> {
  await loadBalancers.upload(AMPHORA, id, Buffer.from(text));
  await loadBalancers.act(id, "reload");
  return (await readHistory(files)).at(-1)?.how ?? "";
}

/** Clients of both members, connected until they leave. */
async function come(): Promise<void> {
  for (let count = 0; count < 4; count += 1) {
    const client = connect(80, VIP);
    clients.push(client);
    await question(client);
  }
}

function leave(): void {
  for (const client of clients.splice(0)) client.destroy();
}

const stateOf = async (name: string) => {
  const states = await ask(files.adminSocket, "show servers state", { timeoutMs: 5_000 });
  return parseServersState(states.toString("utf8")).find((state) => state.name === name);
};
const told = async (reader = stats) =>
  (await reader.read(id))?.pools.flatMap(({ members }) => Object.keys(members)) ?? [];
const isGone = async () => (await stateOf(member)) === undefined && !(await isFile(files.leaving));

test("a member whose clients stay takes no others, is told of no more, and goes with the last one", async () => {
  await apply(config);
  await come();
  assert.equal(await apply(without), "runtime");
  assert.equal((await stateOf(member))?.isDisabled, true);
  assert.deepEqual((await told()).includes(member), false);
  assert.equal((await told()).length, 1);
  assert.deepEqual([await get(), await get()], ["10.0.0.11", "10.0.0.11"]);
  await Promise.all(clients.map(question));
  // Another change has nothing to do with it.
  assert.equal(await apply(without.replace("weight 1", "weight 3")), "runtime");
  await Promise.all(clients.map(question));
  leave();
  await until(isGone, 20_000);
});

test("an agent that starts meanwhile tells nothing of such a member, and deletes it", async () => {
  await apply(config);
  await come();
  assert.equal(await apply(without), "runtime");
  const reader = createStatsReader(() => BASE);
  try {
    assert.ok((await told(reader)).includes(member));
    const second = await anAgent("SINGLE", { stats: reader });
    await second.loadBalancers.resume();
    assert.ok(!(await told(reader)).includes(member));
    await second.supervisor.close();
  } finally {
    reader.close();
  }
  leave();
  await until(isGone, 20_000);
});

test("such a member that comes back is a reload, and the one before ends with its clients", async () => {
  await apply(config);
  await come();
  assert.equal(await apply(without), "runtime");
  assert.equal(await apply(config), "reload");
  assert.equal(await isFile(files.leaving), false);
  assert.ok((await told()).includes(member));
  await Promise.all(clients.map(question));
});

test("where old workers have a limit of age, clients of such a member have the same", async () => {
  const limited = await anAgent("SINGLE", { limits: { haproxyOldWorkerSeconds: 1 } });
  await apply(config, limited);
  await come();
  assert.equal(await apply(without, limited), "runtime");
  await until(isGone, 20_000);
  await limited.supervisor.close();
});
