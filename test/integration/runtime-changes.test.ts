/** Changes that HAProxy takes while it runs, on a throwaway host. */
import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { after, test } from "node:test";
import { readHistory } from "../../agent/loadbalancer/runtime/history.ts";
import { parseServersState } from "../../agent/loadbalancer/runtime/parse-servers-state.ts";
import { ask } from "../../agent/system/unix-socket.ts";
import {
  AMPHORA,
  anAgent,
  controllersConfig,
  filesOf,
  furnish,
  get,
  idOf,
  traffic,
} from "./loadbalancer-host.ts";

const host = await furnish();
const config = await controllersConfig("balance-round-robin");
const id = idOf(config);
const files = filesOf(id);
const agent = await anAgent();
const { loadBalancers } = agent;
after(async () => {
  await loadBalancers.delete(id);
  await agent.supervisor.close();
  await host[Symbol.asyncDispose]();
});

const [first = ""] = /^ {4}server .*$/m.exec(config) ?? [];
const [, member = ""] = /server (\S+)/.exec(first) ?? [];

const admin = async (command: string) =>
  (await ask(files.adminSocket, command, { timeoutMs: 5_000 })).toString("utf8");
const worker = async () => /^Pid: (\d+)$/m.exec(await admin("show info"))?.[1];
const stateOf = async (name: string) =>
  parseServersState(await admin("show servers state")).find((state) => state.name === name);

async function change(text: string): Promise<string | undefined> {
  const before = (await readHistory(files)).length;
  await loadBalancers.upload(AMPHORA, id, Buffer.from(text));
  assert.equal(await loadBalancers.act(id, "reload"), `Listener ${id} reloaded`);
  assert.equal(await readFile(files.config, "utf8"), text);
  const entries = await readHistory(files);
  return entries.length === before ? "unchanged" : entries.at(-1)?.how;
}

test("what runs is uploaded once more: nothing happens, and the answer is the same", async () => {
  await loadBalancers.upload(AMPHORA, id, Buffer.from(config));
  await loadBalancers.act(id, "start");
  const pid = await worker();
  assert.equal(await change(config), "unchanged");
  assert.equal(await change(config.replace("    mode tcp", "\tmode   tcp # the same")), "unchanged");
  assert.equal(await worker(), pid);
});

test("a member's weight, state, and membership change without a new process", async () => {
  const pid = await worker();
  const running = traffic();
  assert.equal(await change(config.replace(first, first.replace("weight 1", "weight 5"))), "runtime");
  assert.equal((await stateOf(member))?.weight, 5);
  assert.equal(await change(config.replace(first, `${first} disabled`)), "runtime");
  assert.deepEqual([(await stateOf(member))?.isDisabled, (await stateOf(member))?.weight], [true, 1]);
  assert.equal(await change(config.replace(`${first}\n`, "")), "runtime");
  assert.equal(await stateOf(member), undefined);
  assert.equal(await get(), "10.0.0.11");
  assert.equal(await change(config), "runtime");
  assert.deepEqual((await running.stop()).failures, []);
  assert.equal(await worker(), pid);
});

test("a change that only a reload can make is a reload", async () => {
  const pid = await worker();
  assert.equal(await change(config.replace("timeout client 50000", "timeout client 40000")), "reload");
  assert.notEqual(await worker(), pid);
});

test("a HAProxy that has started anew works with what is stored, so that its next change is a reload", async () => {
  await agent.supervisor.restart({ kind: "haproxy", id: id as never });
  assert.equal(await change(config), "reload");
  assert.equal(await change(config), "unchanged");
});

test("the record is for root alone", async () => {
  for (const file of [files.running, files.history, files.agentConfig]) {
    assert.equal(((await stat(file)).mode & 0o777).toString(8), "600");
  }
});
