/**
 * LVS listeners on a throwaway host: a real keepalived, run by the agent itself. Most configurations here have
 * no virtual server: such a keepalived runs, and needs no ip_vs in the kernel.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import process from "node:process";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { KEEPALIVED } from "../../agent/config/paths.ts";
import { AgentError } from "../../agent/errors.ts";
import { lvsLayout } from "../../agent/lvs/layout.ts";
import { parseObjectId } from "../../agent/object-id.ts";
import { runningPid } from "../../agent/system/processes.ts";
import { vrrpLayout } from "../../agent/vrrp/layout.ts";
import { anAgent, BASE, furnish, until } from "./loadbalancer-host.ts";

const run = promisify(execFile);
const VECTORS = new URL("../vectors/rendering/keepalived-lvs/", import.meta.url);
const idle = await controllersConfig("udp-no-pool");
const balancing = await controllersConfig("udp-monitor-tcp");
const id = parseObjectId(/Listener (\S+)/.exec(idle)?.[1] ?? "");
assert.ok(id);
const layout = lvsLayout(BASE, id);
const vrrp = vrrpLayout(BASE);
const udpCheck = `${layout.directory}/check/udp_check.sh`;

const host = await furnish();
let agent = await anAgent();
after(async () => {
  await agent.lvsListeners.delete(id);
  await agent.supervisor.close();
  await host[Symbol.asyncDispose]();
});

const upload = (text: string) => agent.lvsListeners.upload(id, Buffer.from(text));
const pid = () => runningPid(layout.pidFile, KEEPALIVED);
const mode = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8);
const status = async () => (await agent.lvsListeners.listeners())[0];
const exitCode = (file: string, ...args: string[]) =>
  run(file, args).then(
    () => 0,
    ({ code }: { code: number }) => code,
  );

test("an upload stores the configuration and the health check, and starts nothing", async () => {
  await upload(idle);
  assert.equal(await readFile(layout.config, "utf8"), idle);
  assert.deepEqual(await agent.lvsListeners.download(id), Buffer.from(idle));
  assert.equal(await mode(layout.config), "644");
  assert.equal(await mode(udpCheck), "755");
  assert.deepEqual(await status(), { status: "OFFLINE", uuid: id, type: "UDP" });
  assert.equal(await agent.lvsListeners.countRunning(), 0);
  assert.equal(existsSync(vrrp.directory), false);
});

test("an id that could be a path or an option is refused, and nothing is written", async () => {
  for (const bad of ["..", "-x", "a b", "a;id", "", "x".repeat(65)]) {
    await assert.rejects(agent.lvsListeners.upload(bad, Buffer.from("")), { code: "invalidInput" });
    await assert.rejects(agent.lvsListeners.download(bad), { code: "notFound" });
    await assert.rejects(agent.lvsListeners.act(bad, "start"), { code: "notFound" });
    await agent.lvsListeners.delete(bad);
  }
  assert.deepEqual(await readdir(layout.directory), [
    "check",
    ...["conf", "json"].map((end) => `octavia-keepalivedlvs-${id}.${end}`),
  ]);
});

test("an unknown listener is not found, and deleted at once", async () => {
  await assert.rejects(agent.lvsListeners.act("unknown", "start"), { message: "UDP Listener Not Found" });
  await assert.rejects(agent.lvsListeners.act("unknown", "begin"), { message: "Invalid Request" });
  await agent.lvsListeners.delete("unknown");
});

test("a start runs keepalived, in the namespace", async () => {
  assert.equal(await agent.lvsListeners.act(id, "START"), `keepalivedlvs listener ${id} started`);
  const running = await pid();
  assert.ok(running);
  assert.equal((await run("ip", ["netns", "identify", String(running)])).stdout.trim(), "amphora-haproxy");
  assert.equal(await agent.lvsListeners.countRunning(), 1);
  // It runs, but balances nothing.
  assert.equal((await status())?.status, "OFFLINE");
});

test("a configuration with a virtual server makes it active", async () => {
  await upload(balancing);
  assert.equal((await status())?.status, "ACTIVE");
  await upload(idle);
});

test("a reload is a restart, and says so; of what keepalived works with already it only says so", async () => {
  const reload = async () =>
    assert.equal(await agent.lvsListeners.act(id, "reload"), `keepalivedlvs listener ${id} restarted`);
  const before = await pid();
  await upload(`${idle}# another one\n`);
  await reload();
  const after = await pid();
  assert.ok(after);
  assert.notEqual(after, before);
  await upload(`${idle}# another one\n`);
  await reload();
  assert.equal(await pid(), after);
  await upload(idle);
  await reload();
  assert.notEqual(await pid(), after);
});

test("a keepalived that started anew by itself is restarted by a reload: nobody knows what it has read", async () => {
  await agent.supervisor.restart({ kind: "lvs", id: id as never });
  const before = await pid();
  await agent.lvsListeners.act(id, "reload");
  assert.notEqual(await pid(), before);
});

test("a start or reload announces the addresses, a stop does not", async () => {
  agent.advertised.length = 0;
  await upload(idle.replace("net_namespace", "virtual_server_group g {\n  203.0.113.5 53\n}\nnet_namespace"));
  await agent.lvsListeners.act(id, "reload");
  await until(async () => agent.advertised.length === 1);
  assert.deepEqual(agent.advertised, [["203.0.113.5"]]);
  await agent.lvsListeners.act(id, "stop");
  assert.equal(agent.advertised.length, 1);
  await upload(idle);
});

test("a stop ends keepalived and leaves no pid file", async () => {
  await agent.lvsListeners.act(id, "start");
  assert.equal(await agent.lvsListeners.act(id, "stop"), `keepalivedlvs listener ${id} stoped`);
  assert.equal(existsSync(layout.pidFile), false);
  assert.equal(await agent.lvsListeners.countRunning(), 0);
});

for (const [what, text] of [
  ["an empty one", ""],
  ["one without a number", "keepalived\n"],
  ["one that names another program", `${process.pid}\n`],
] as const) {
  test(`a pid file that is ${what} shows a listener that has failed, and does not hinder a start`, async () => {
    await writeFile(layout.pidFile, text);
    assert.equal((await status())?.status, "ERROR");
    assert.equal(await agent.lvsListeners.countRunning(), 0);
    await agent.lvsListeners.act(id, "start");
    assert.ok(await pid());
    await agent.lvsListeners.act(id, "stop");
  });
}

test("a killed keepalived comes back", async () => {
  await agent.lvsListeners.act(id, "start");
  const before = await pid();
  assert.ok(before);
  process.kill(before, "SIGKILL");
  await until(async () => ![undefined, before].includes(await pid()));
});

test("keepalived goes on while no agent runs, and the next agent takes it over", async () => {
  const before = await pid();
  await agent.supervisor.close();
  agent = await anAgent("ACTIVE_STANDBY");
  assert.equal(await pid(), before);
  await agent.lvsListeners.act(id, "stop");
  assert.equal(await pid(), undefined);
});

test("a keepalived that does not start tells why", async () => {
  await upload(idle.replace("net_namespace amphora-haproxy", "net_namespace nowhere"));
  for (const [action, word] of [
    ["start", "start"],
    ["reload", "restart"],
  ] as const) {
    await assert.rejects(agent.lvsListeners.act(id, action), (error) => {
      assert.ok(error instanceof AgentError);
      assert.equal(error.message, `Failed to ${word} keepalivedlvs listener ${id}`);
      assert.match(error.details ?? "", /nowhere/);
      return true;
    });
  }
  await agent.lvsListeners.act(id, "stop");
});

test("with a standby an upload installs the check of listeners, and leaves none of HAProxy", async () => {
  await upload(idle);
  assert.deepEqual(await readdir(vrrp.checkScripts), ["lvs_udp_check.sh"]);
  assert.equal(await mode(vrrp.lvsCheck), "755");
});

test("the check of listeners fails as long as the keepalived of one does not run, and only then", async () => {
  assert.equal(await exitCode("bash", vrrp.lvsCheck), 0);
  await agent.lvsListeners.act(id, "start");
  assert.equal(await exitCode("bash", vrrp.lvsCheck), 0);
  const other = `${layout.directory}/octavia-keepalivedlvs-other`;
  // Of its children's pid files nobody asks.
  await writeFile(`${other}.check.pid`, "1\n");
  await writeFile(`${other}.vrrp.pid`, "1\n");
  assert.equal(await exitCode("bash", vrrp.lvsCheck), 0);
  for (const text of ["", "0\n", "999999999\n", `${process.pid}\n`]) {
    await writeFile(`${other}.pid`, text);
    assert.equal(await exitCode("bash", vrrp.lvsCheck), 1, JSON.stringify(text));
  }
  for (const end of ["pid", "check.pid", "vrrp.pid"]) await rm(`${other}.${end}`);
});

test("the check of listeners works below a path with a dot, a blank and more", async () => {
  const base = "/var/lib/octavia/base.d $(touch evil) 'x'";
  const { createVrrpChecks } = await import("../../agent/vrrp/checks.ts");
  await mkdir(`${base}/lvs`, { recursive: true });
  const checks = createVrrpChecks({
    basePath: base,
    lvsDirectory: `${base}/lvs`,
    checked: async () => ({ sockets: [], hasLvsListeners: true }),
    exclusive: { run: (_key, job) => job() },
    logger: agent.logger,
  });
  await checks.update();
  const script = vrrpLayout(base).lvsCheck;
  assert.equal(await exitCode("bash", script), 0);
  await writeFile(`${base}/lvs/octavia-keepalivedlvs-x.pid`, "999999999\n");
  assert.equal(await exitCode("bash", script), 1);
  assert.equal(existsSync("evil"), false);
});

test("the health check tells a port that is open from one that refuses", async () => {
  const { createSocket } = await import("node:dgram");
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  const whileOpen = await exitCode(udpCheck, "127.0.0.1", String(port));
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  assert.equal(whileOpen, 0);
  assert.notEqual(await exitCode(udpCheck, "127.0.0.1", String(port)), 0);
});

test("a deletion leaves nothing, even when some pid files are missing", async () => {
  await agent.lvsListeners.act(id, "stop");
  await agent.vrrp.upload(Buffer.from("# nothing\n"));
  await writeFile(layout.checkPidFile, "1\n");
  await agent.lvsListeners.delete(id);
  assert.deepEqual(await readdir(layout.directory), ["check"]);
  assert.deepEqual(await agent.lvsListeners.listeners(), []);
});

test("the deletion of the last object leaves an amphora that must not hold the VIP", async () => {
  assert.equal(await readFile(vrrp.haproxyCheck, "utf8"), "exit 1");
  assert.equal(await exitCode("bash", vrrp.checkScript), 1);
});

test("a running listener is deleted as well", async () => {
  await upload(idle);
  await agent.lvsListeners.act(id, "start");
  const before = await pid();
  assert.ok(before);
  await agent.lvsListeners.delete(id);
  assert.equal(await pid(), undefined);
  assert.deepEqual(await readdir(layout.directory), ["check"]);
});

async function controllersConfig(vector: string): Promise<string> {
  const text = await readFile(new URL(`${vector}.json`, VECTORS), "utf8");
  return (JSON.parse(text) as { expected: string }).expected;
}
