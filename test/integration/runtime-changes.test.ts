/** Changes that HAProxy takes while it runs, on a throwaway host. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { after, test } from "node:test";
import type { AgentError } from "../../agent/errors.ts";
import { readHistory } from "../../agent/loadbalancer/runtime/history.ts";
import { parseServersState } from "../../agent/loadbalancer/runtime/parse-servers-state.ts";
import { run, tryRun } from "../../agent/system/run.ts";
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
  until,
  VIP,
} from "./loadbalancer-host.ts";

const AMPHORA_COMMAND = new URL("../../agent/cli/main.ts", import.meta.url).pathname;
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

test("a configuration whose port is taken is rolled back, HAProxy's words are told, and no request is lost", async () => {
  assert.equal(await change(config), "unchanged");
  const pid = await worker();
  const occupant = spawn("ip", [
    ..."netns exec amphora-haproxy socat".split(" "),
    `TCP-LISTEN:8443,bind=${VIP}`,
    "PIPE",
  ]);
  await until(
    async () => (await run("ip", [..."netns exec amphora-haproxy ss -Hltn sport = 8443".split(" ")])) !== "",
  );
  try {
    const running = traffic();
    const occupied = config.replace(/^ {4}bind .*$/m, `$&\n    bind ${VIP}:8443`);
    await loadBalancers.upload(AMPHORA, id, Buffer.from(occupied));
    await assert.rejects(loadBalancers.act(id, "reload"), (error: AgentError) => {
      assert.equal(error.message, "Error reloading haproxy");
      assert.match(
        error.details ?? "",
        /cannot bind socket \(Address already in use\) for \[203\.0\.113\.5:8443\]/,
      );
      return true;
    });
    const { answered, failures } = await running.stop();
    assert.deepEqual(failures, []);
    assert.ok(answered > 0);
    assert.equal(await readFile(files.config, "utf8"), config);
    assert.equal(await readFile(files.rejected, "utf8"), occupied);
    assert.equal(await worker(), pid);
    assert.equal((await readHistory(files)).at(-1)?.how, "rolled back");
    assert.equal(await change(config), "unchanged");
  } finally {
    occupant.kill();
    await once(occupant, "exit");
  }
});

test("the command line tells what a reload would change, and what the last ones have changed", async () => {
  assert.equal(await change(config), "unchanged");
  const amphora = (...words: string[]) => tryRun(process.execPath, [AMPHORA_COMMAND, ...words]);
  assert.deepEqual(await amphora("diff"), {
    exitCode: 0,
    stdout: "HAProxy works with what was uploaded.\n",
    output: "HAProxy works with what was uploaded.\n",
  });
  await loadBalancers.upload(
    AMPHORA,
    id,
    Buffer.from(config.replace(first, first.replace("weight 1", "weight 9"))),
  );
  const different = await amphora("diff");
  assert.equal(different.exitCode, 3);
  assert.equal(
    different.stdout,
    `weight of ${member} 1→9\nA reload would be: changes while it runs, no reload\n`,
  );
  await loadBalancers.act(id, "reload");
  const entries = await loadBalancers.history();
  assert.deepEqual(entries[id]?.at(-1)?.changes, [`weight of ${member} 1→9`]);
  assert.deepEqual(JSON.parse((await amphora("history", "--json")).stdout), entries[id]);
  assert.match(
    (await amphora("history")).stdout,
    new RegExp(`runtime, \\d+ ms\n {4}weight of ${member} 1→9\n$`),
  );
});
