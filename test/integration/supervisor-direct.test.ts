/** HAProxy run by the agent itself: what happens when it, or the agent, ends. */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { after, test } from "node:test";
import { AgentError } from "../../agent/errors.ts";
import { runningPid } from "../../agent/system/processes.ts";
import {
  AMPHORA,
  anAgent,
  answers,
  controllersConfig,
  filesOf,
  furnish,
  HAPROXY,
  idOf,
  traffic,
  until,
} from "./loadbalancer-host.ts";

const host = await furnish();
const config = await controllersConfig("balance-round-robin");
const id = idOf(config);
/** Valid, but the address is not on this host. */
const unstartable = config.replace("bind 203.0.113.5:80", "bind 192.0.2.77:80");
const files = filesOf(id);
let agent = await anAgent();
after(async () => {
  await agent.loadBalancers.delete(id);
  await agent.supervisor.close();
  await host[Symbol.asyncDispose]();
});

const pid = () => runningPid(files.pidFile, HAPROXY);
const nextAgent = async () => {
  await agent.supervisor.close();
  agent = await anAgent();
};

test("a HAProxy whose master is killed comes back", async () => {
  await agent.loadBalancers.upload(AMPHORA, id, Buffer.from(config));
  await agent.loadBalancers.act(id, "start");
  const first = await pid();
  assert.ok(first);
  process.kill(first, "SIGKILL");
  await until(async () => ![undefined, first].includes(await pid()));
  await until(answers);
});

test("a HAProxy whose worker is killed comes back", async () => {
  const before = await pid();
  const worker = await readFile(`/proc/${before}/task/${before}/children`, "utf8");
  process.kill(Number(worker.trim().split(" ")[0]), "SIGKILL");
  await until(async () => ![undefined, before].includes(await pid()));
  await until(answers);
});

test("HAProxy serves on while no agent runs, and the next agent takes it over", async (t) => {
  const before = await pid();
  const load = traffic();
  t.after(() => load.stop());
  await nextAgent();
  assert.equal(await pid(), before);
  assert.match(await agent.loadBalancers.act(id, "reload"), /reloaded$/);
  assert.equal(await pid(), before);
  const { answered, failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.ok(answered > 0);
});

test("a HAProxy that was taken over comes back as well", async () => {
  const before = await pid();
  assert.ok(before);
  process.kill(before, "SIGKILL");
  await until(async () => ![undefined, before].includes(await pid()));
  await until(answers);
});

test("a HAProxy outlives an agent that is killed", async () => {
  await agent.loadBalancers.act(id, "stop");
  await agent.supervisor.close();
  const child = fork(new URL("supervisor-agent.ts", import.meta.url), [id], { stdio: "inherit" });
  await until(async () => (await pid()) !== undefined);
  const before = await pid();
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  assert.ok(await answers());
  agent = await anAgent();
  assert.equal(await pid(), before);
  await agent.loadBalancers.act(id, "reload");
  assert.ok(await answers());
});

test("an agent starts what should run and does not, and leaves alone what was stopped", async () => {
  await agent.supervisor.close();
  const before = await pid();
  assert.ok(before);
  process.kill(before, "SIGKILL");
  await until(async () => (await pid()) === undefined);
  agent = await anAgent();
  await until(answers);
  await agent.loadBalancers.act(id, "stop");
  await nextAgent();
  assert.equal(await answers(), false);
});

test("after a boot everything is started that was uploaded", async () => {
  await agent.supervisor.close();
  const record = JSON.parse(await readFile(files.record, "utf8")) as { wanted: string };
  assert.equal(record.wanted, "stopped");
  await writeFile(files.record, JSON.stringify({ ...record, bootId: "an earlier boot" }));
  // What a pid file says is of the earlier boot too, even when such a process exists.
  await writeFile(files.pidFile, `${process.pid}\n`);
  agent = await anAgent();
  await until(answers);
});

test("a start that fails tells why, and is tried again until HAProxy runs", async () => {
  await agent.loadBalancers.act(id, "stop");
  await agent.loadBalancers.upload(AMPHORA, id, Buffer.from(unstartable));
  await assert.rejects(agent.loadBalancers.act(id, "start"), (error) => {
    assert.ok(error instanceof AgentError);
    assert.equal(error.status, 500);
    assert.equal(error.message, "Error starting haproxy");
    assert.match(error.details ?? "", /cannot bind socket/);
    return true;
  });
  assert.equal(await answers(), false);
  await agent.loadBalancers.upload(AMPHORA, id, Buffer.from(config));
  await until(answers);
});

test("a failing HAProxy that is stopped stays stopped", async () => {
  await agent.loadBalancers.upload(AMPHORA, id, Buffer.from(unstartable));
  await agent.loadBalancers.act(id, "stop");
  await assert.rejects(agent.loadBalancers.act(id, "start"));
  await agent.loadBalancers.act(id, "stop");
  await agent.loadBalancers.upload(AMPHORA, id, Buffer.from(config));
  // Several of the attempts that were due would have come by then.
  await assert.rejects(until(answers, 700));
});
