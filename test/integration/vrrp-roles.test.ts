/** The agent knows which role keepalived has: a real keepalived, without a second one, on a throwaway host. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { KEEPALIVED } from "../../agent/config/paths.ts";
import { runningPid } from "../../agent/system/processes.ts";
import { vrrpLayout } from "../../agent/vrrp/layout.ts";
import type { VrrpInstance } from "../../agent/vrrp/types.ts";
import { anAgent, BASE, furnish, until } from "./loadbalancer-host.ts";
import { vrrpConfig } from "./vrrp-config.ts";

const run = promisify(execFile);
const SHARED_VIP = "203.0.113.50";
const INSTANCE = "f565635c11e94caf83bce4ca0d8b6f19";
/** The time that the agent has to see a change; what else runs on this machine counts as well. */
const SOON_MS = 5_000;
const files = vrrpLayout(BASE);
const host = await furnish();
let agent = await anAgent();
after(async () => {
  await agent.vrrp.act("stop");
  await restart();
  agent.vrrpRoles.close();
  await agent.supervisor.close();
  await host[Symbol.asyncDispose]();
});

test("an amphora without VRRP has no roles, and nobody looks for them", async () => {
  assert.equal(await agent.vrrp.instances(), undefined);
});

test("a keepalived that was configured and never started has no role", async () => {
  await agent.vrrp.upload(Buffer.from(config(INSTANCE)));
  assert.deepEqual(await agent.vrrp.instances(), []);
  assert.equal(await readFile(files.config, "utf8"), config(INSTANCE));
});

test("the start shows as BACKUP, and the VIP as MASTER", async () => {
  await agent.vrrp.act("start");
  await until(async () => (await role()) === "BACKUP");
  await until(holdsVip);
  const seen = Date.now();
  await becomes("MASTER");
  const { name, since } = await instance();
  assert.equal(name, INSTANCE);
  assert.ok(
    Math.abs(Date.parse(since) - seen) < SOON_MS,
    `MASTER since ${since}, the VIP was there at ${seen}`,
  );
});

test("a link that is down shows as FAULT, and its return as BACKUP and MASTER", async () => {
  await run("ip", ["link", "set", "outside", "down"]);
  await becomes("FAULT");
  await run("ip", ["link", "set", "outside", "up"]);
  await until(async () => (await role()) !== "FAULT");
  await until(async () => (await role()) === "MASTER");
  assert.ok(await holdsVip());
});

test("a reload changes neither the role nor its time", async () => {
  const before = await instance();
  await agent.vrrp.act("reload");
  assert.deepEqual(await instance(), before);
  await run("ip", ["link", "set", "outside", "down"]);
  await becomes("FAULT");
  await run("ip", ["link", "set", "outside", "up"]);
  await until(async () => (await role()) === "MASTER");
});

test("the next agent knows the role, and since when", async () => {
  const before = await instance();
  await restart();
  assert.deepEqual(await instance(), before);
});

test("what keepalived told while no agent ran is heard, with its time", async () => {
  agent.vrrpRoles.close();
  await agent.supervisor.close();
  const before = Date.now();
  await run("ip", ["link", "set", "outside", "down"]);
  await until(async () => !(await holdsVip()));
  const changed = Date.now();
  agent = await anAgent();
  await becomes("FAULT");
  const since = Date.parse((await instance()).since);
  assert.ok(since >= before - 10 && since <= changed + SOON_MS, `${before} <= ${since} <= ${changed}`);
  await run("ip", ["link", "set", "outside", "up"]);
  await until(async () => (await role()) === "MASTER");
});

test("an instance that a new configuration leaves out is no more", async () => {
  await agent.vrrp.upload(Buffer.from(config("other")));
  await agent.vrrp.act("reload");
  assert.deepEqual(
    (await agent.vrrp.instances())?.filter(({ name }) => name !== "other"),
    [],
  );
});

test("a pipe that somebody has removed is back with the next look, and keepalived's next start", async () => {
  await rm(files.notifications);
  await agent.vrrp.act("stop");
  await agent.vrrp.upload(Buffer.from(config(INSTANCE)));
  await agent.vrrp.act("start");
  await until(async () => (await role()) === "MASTER");
});

test("a keepalived that was killed has no role, and its successor has its own", async () => {
  const pid = await runningPid(files.pidFile, KEEPALIVED);
  assert.ok(pid);
  process.kill(pid, "SIGKILL");
  await until(async () => (await agent.vrrp.instances())?.length === 0);
  await until(async () => (await role()) === "MASTER", 20_000);
});

test("lines that nobody understands change nothing", async () => {
  const before = await instance();
  await writeFile(files.notifications, `nonsense\nINSTANCE "x" KING 1\n${"y".repeat(10_000)}\n`);
  await run("ip", ["link", "set", "outside", "down"]);
  await becomes("FAULT");
  assert.deepEqual(
    (await agent.vrrp.instances())?.map(({ name }) => name),
    [before.name],
  );
  await run("ip", ["link", "set", "outside", "up"]);
});

test("a stopped keepalived has no role", async () => {
  await agent.vrrp.act("stop");
  assert.deepEqual(await agent.vrrp.instances(), []);
});

/** A new agent over the same files. */
async function restart(): Promise<void> {
  agent.vrrpRoles.close();
  await agent.supervisor.close();
  agent = await anAgent();
}

async function instance(): Promise<VrrpInstance> {
  const [first, ...others] = (await agent.vrrp.instances()) ?? [];
  assert.ok(first);
  assert.deepEqual(others, []);
  return first;
}

async function role(): Promise<string | undefined> {
  return (await agent.vrrp.instances())?.[0]?.role;
}

async function becomes(expected: string): Promise<void> {
  await until(async () => (await role()) === expected);
}

async function holdsVip(): Promise<boolean> {
  const { stdout } = await run("ip", ["-n", "amphora-haproxy", "-o", "address", "show", "dev", "eth1"]);
  return stdout.includes(` ${SHARED_VIP}/32 `);
}

function config(name: string): string {
  return vrrpConfig({ name, vips: [SHARED_VIP] });
}
