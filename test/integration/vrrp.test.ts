/**
 * The amphora's VRRP on a throwaway host: a real keepalived, run by the agent itself. keepalived may not run
 * scripts in a user namespace (it takes a failing setgroups for success), so the checks are run by hand here;
 * the systemd tests have the whole chain.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import process from "node:process";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { KEEPALIVED } from "../../agent/config/paths.ts";
import { AgentError } from "../../agent/errors.ts";
import { reasonForSilence, sendSignal } from "../../agent/heartbeat/guard.ts";
import { namesIn } from "../../agent/system/files.ts";
import { isRunning, runningPid } from "../../agent/system/processes.ts";
import { ask } from "../../agent/system/unix-socket.ts";
import { vrrpLayout } from "../../agent/vrrp/layout.ts";
import {
  AMPHORA,
  anAgent,
  BASE,
  controllersConfig,
  filesOf,
  furnish,
  idOf,
  until,
} from "./loadbalancer-host.ts";
import { vrrpConfig } from "./vrrp-config.ts";

const run = promisify(execFile);
const SHARED_VIP = "203.0.113.50";
const SECOND_VIP = "203.0.113.51";
const files = vrrpLayout(BASE);
const config = controllersVrrpConfig([SHARED_VIP]);

const host = await furnish();
await installCheckProgram();
const haproxyConfig = await controllersConfig("balance-round-robin");
const lb = idOf(haproxyConfig);
const socket = `${BASE}/${lb}.sock`;
const checkOf = (...sockets: string[]) => `haproxy-vrrp-check ${sockets.join(" ")}; exit $?`;
let agent = await anAgent("ACTIVE_STANDBY");
after(async () => {
  await agent.vrrp.act("stop");
  await agent.loadBalancers.delete(lb);
  await agent.supervisor.close();
  await host[Symbol.asyncDispose]();
});

const upload = (text: string) => agent.vrrp.upload(Buffer.from(text));
const pid = () => runningPid(files.pidFile, KEEPALIVED);
const check = () => readFile(files.haproxyCheck, "utf8");
const mode = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8);
const silence = async () => await reasonForSilence(await namesIn(BASE), BASE, sendSignal);
const verdict = () => failureOf("bash", [files.checkScript]);
const holds = async (vip: string) => (await addresses()).includes(` ${vip}/32 `);

test("an upload stores the configuration and the checks, with their modes, and starts nothing", async () => {
  await upload(config);
  assert.equal(await readFile(files.config, "utf8"), config);
  assert.equal(await mode(files.config), "644");
  assert.equal(await mode(files.checkScript), "755");
  assert.equal(await mode(files.haproxyCheck), "644");
  assert.equal(await pid(), undefined);
  assert.deepEqual((await readdir(files.directory)).sort(), [
    "amphora-agent.conf",
    "check_script.sh",
    "check_scripts",
    "leftovers.batch",
    "notifications",
    "octavia-keepalived.conf",
    "supervisor.json",
  ]);
});

test("an amphora without load balancers must not hold the VIP", async () => {
  assert.equal(await check(), "exit 1");
  assert.equal(await verdict(), 1);
});

test("an upload gives files their modes back, and leaves nothing half-written beside them", async () => {
  await chmod(files.config, 0o666);
  await chmod(files.checkScript, 0o700);
  await upload(config);
  assert.equal(await mode(files.config), "644");
  assert.equal(await mode(files.checkScript), "755");
  assert.ok((await readdir(files.directory)).every((name) => !name.endsWith(".tmp")));
});

test("a check script that somebody changed is written again", async () => {
  await writeFile(files.checkScript, "#!/bin/bash\nexit 0\n");
  await upload(config);
  assert.match(await readFile(files.checkScript, "utf8"), /check_scripts/);
});

test("an unknown action is refused", async () => {
  await assert.rejects(agent.vrrp.act("Restart"), {
    code: "invalidInput",
    message: "Invalid Request",
    details: "Unknown action: restart",
  });
});

test("a configured keepalived that does not run keeps the amphora silent", async () => {
  assert.match((await silence()) ?? "", /no pid file/);
});

test("a reload of a keepalived that does not run is an error that names the action", async () => {
  await assert.rejects(agent.vrrp.act("reload"), {
    code: "commandFailed",
    message: "Failed to reload octavia-keepalived service",
  });
});

test("an empty pid file does not keep keepalived from being started", async () => {
  await writeFile(files.pidFile, "");
  assert.equal(await agent.vrrp.act("START"), "keepalived started");
  assert.ok(await pid());
  assert.equal(await silence(), undefined);
});

test("keepalived does not wait long for name servers that nobody reaches from the namespace", async () => {
  const environment = await readFile(`/proc/${await pid()}/environ`, "latin1");
  assert.ok(environment.split("\0").includes("RES_OPTIONS=timeout:1 attempts:1"));
});

test("a start of a running keepalived is a reload", async () => {
  const before = await pid();
  assert.equal(await agent.vrrp.act("start"), "keepalived reloaded");
  assert.equal(await pid(), before);
});

test("the VIP comes", async () => {
  await until(() => holds(SHARED_VIP), 20_000);
});

test("a load balancer that runs is checked", async () => {
  assert.equal(await verdict(), 1);
  await agent.loadBalancers.upload(AMPHORA, lb, Buffer.from(haproxyConfig));
  assert.equal(await check(), "exit 1");
  await agent.loadBalancers.act(lb, "start");
  assert.equal(await check(), checkOf(socket));
  assert.equal(await verdict(), 0);
});

test("without perl the program checks", async () => {
  await run("mount", ["--bind", "/dev/null", "/usr/bin/perl"]);
  try {
    assert.equal(await verdict(), 0);
    assert.equal(await failureOf("haproxy-vrrp-check", [`${BASE}/nobody.sock`]), 1);
  } finally {
    await run("umount", ["/usr/bin/perl"]);
  }
});

test("a HAProxy that hangs is waited for five seconds, and fails", async () => {
  const worker = await workerPid();
  process.kill(worker, "SIGSTOP");
  try {
    // On a busy machine a thread of it goes on for a moment.
    await until(() => isStopped(worker), 20_000);
    const start = performance.now();
    assert.equal(await failureOf("haproxy-vrrp-check", [socket]), 1);
    const seconds = (performance.now() - start) / 1_000;
    assert.ok(seconds > 4.5 && seconds < 9, `${seconds} s`);
  } finally {
    process.kill(worker, "SIGCONT");
  }
  assert.equal(await verdict(), 0);
});

test("a reload puts a new configuration to work and keeps the process", async () => {
  const before = await pid();
  await upload(controllersVrrpConfig([SHARED_VIP, SECOND_VIP]));
  assert.equal(await agent.vrrp.act("reload"), "keepalived reloaded");
  await until(() => holds(SECOND_VIP), 20_000);
  assert.equal(await pid(), before);
});

test("a start that fails changes no check: the load balancer is as it was", async () => {
  const other = "5d6f3e22-1c0f-4f05-a9ee-b0a9b1f0d001";
  const text = haproxyConfig.replaceAll(lb, other).replace("bind 203.0.113.5:80", "bind 192.0.2.77:80");
  await agent.loadBalancers.upload(AMPHORA, other, Buffer.from(text));
  await assert.rejects(agent.loadBalancers.act(other, "start"), { message: "Error starting haproxy" });
  assert.equal(await check(), checkOf(socket));
  await agent.loadBalancers.act(other, "stop");
  await agent.loadBalancers.delete(other);
  assert.equal(await check(), checkOf(socket));
});

test("a load balancer that was stopped is not checked again because another one starts", async () => {
  const other = "5d6f3e22-1c0f-4f05-a9ee-b0a9b1f0d002";
  const text = haproxyConfig.replaceAll(lb, other).replace("bind 203.0.113.5:80", "bind 203.0.113.5:81");
  await agent.loadBalancers.upload(AMPHORA, other, Buffer.from(text));
  assert.equal(await check(), checkOf(socket));
  await agent.loadBalancers.act(other, "start");
  assert.equal(await check(), checkOf(...[socket, `${BASE}/${other}.sock`].sort()));
  await agent.loadBalancers.act(other, "stop");
  assert.equal(await check(), checkOf(socket));
  await agent.loadBalancers.act(lb, "reload");
  assert.equal(await check(), checkOf(socket));
  await agent.loadBalancers.delete(other);
});

test("a load balancer that has crashed stays checked", async () => {
  const haproxy = await runningPid(filesOf(lb).pidFile, "haproxy");
  assert.ok(haproxy);
  process.kill(haproxy, "SIGKILL");
  // Its supervisor starts it again a tenth of a second later at the earliest.
  await until(async () => !(await isRunning(haproxy)));
  await agent.vrrpChecks.update();
  assert.equal(await check(), checkOf(socket));
  await until(async () => (await verdict()) === 0);
});

test("a killed keepalived comes back, and with it the VIP", async () => {
  const before = await pid();
  assert.ok(before);
  process.kill(before, "SIGKILL");
  await until(async () => ![undefined, before].includes(await pid()));
  await until(() => holds(SHARED_VIP), 20_000);
});

test("keepalived goes on while no agent runs, and the next agent takes it over", async () => {
  const before = await pid();
  await agent.supervisor.close();
  agent = await anAgent("ACTIVE_STANDBY");
  assert.equal(await pid(), before);
  assert.ok(await holds(SHARED_VIP));
  assert.equal(await agent.vrrp.act("reload"), "keepalived reloaded");
  assert.equal(await pid(), before);
});

test("a keepalived that was taken over comes back as well", async () => {
  const before = await pid();
  assert.ok(before);
  process.kill(before, "SIGKILL");
  await until(async () => ![undefined, before].includes(await pid()));
});

test("with the only load balancer stopped the check fails: it does not succeed by asking nobody", async () => {
  await agent.loadBalancers.act(lb, "stop");
  assert.equal(await check(), "exit 1");
  await agent.loadBalancers.act(lb, "start");
  assert.equal(await verdict(), 0);
});

test("an agent brings the checks up to date when it starts", async () => {
  await writeFile(files.haproxyCheck, "exit 1");
  await agent.vrrpChecks.updateIfUsed();
  assert.equal(await check(), checkOf(socket));
});

test("a stop gives the VIP up, ends keepalived and silences the amphora", async () => {
  const before = await pid();
  assert.equal(await agent.vrrp.act("stop"), "keepalived stoped");
  assert.equal(before !== undefined && (await isRunning(before)), false);
  assert.equal(await holds(SHARED_VIP), false);
  assert.equal(existsSync(files.pidFile), false);
  assert.match((await silence()) ?? "", /configured/);
});

test("a stopped keepalived stays stopped when the agent starts, and is started after a boot", async () => {
  await agent.supervisor.close();
  agent = await anAgent("ACTIVE_STANDBY");
  assert.equal(await pid(), undefined);
  await agent.supervisor.close();
  const record = JSON.parse(await readFile(files.record, "utf8")) as object;
  await writeFile(files.record, JSON.stringify({ ...record, bootId: "an earlier boot" }));
  // A pid file of the earlier boot, which names a living process: keepalived itself would refuse to start.
  await writeFile(files.pidFile, `${process.pid}\n`);
  agent = await anAgent("ACTIVE_STANDBY");
  await until(async () => (await pid()) !== undefined);
});

test("a pid that belongs to another program is no running keepalived", async () => {
  await agent.vrrp.act("stop");
  await writeFile(files.pidFile, `${process.pid}\n`);
  assert.equal(await agent.vrrp.act("start"), "keepalived started");
});

test("a keepalived that does not start tells why", async () => {
  await agent.vrrp.act("stop");
  await upload(`net_namespace nowhere\n${config}`);
  await assert.rejects(agent.vrrp.act("start"), (error) => {
    assert.ok(error instanceof AgentError);
    assert.equal(error.message, "Failed to start octavia-keepalived service");
    assert.match(error.details ?? "", /nowhere/);
    return true;
  });
  await agent.vrrp.act("stop");
  await upload(config);
});

test("the check script fails once any check fails, however their exit codes add up", async () => {
  await writeFile(files.haproxyCheck, "exit 0");
  const extra = [`${files.checkScripts}/a`, `${files.checkScripts}/b c`];
  for (const file of extra) await writeFile(file, "exit 128");
  assert.equal(await verdict(), 1);
  for (const file of extra) await writeFile(file, "exit 0");
  assert.equal(await verdict(), 0);
  for (const file of extra) await rm(file);
});

test("a check that is just being written is not run", async () => {
  await writeFile(`${files.haproxyCheck}.8c1f.tmp`, "exit 1");
  assert.equal(await verdict(), 0);
  await rm(`${files.haproxyCheck}.8c1f.tmp`);
});

test("the deletion of the last load balancer leaves a check that fails", async () => {
  await agent.loadBalancers.delete(lb);
  assert.equal(await check(), "exit 1");
});

/** @returns the exit code of a program that fails, 0 of one that does not */
async function failureOf(file: string, args: string[]): Promise<number> {
  return run(file, args).then(
    () => 0,
    ({ code }: { code: number }) => code,
  );
}

/** Process id of the HAProxy that answers. */
async function workerPid(): Promise<number> {
  const info = await ask(socket, "show info", { timeoutMs: 5_000 });
  return Number(/^Pid: (\d+)$/m.exec(info.toString())?.[1]);
}

async function isStopped(process: number): Promise<boolean> {
  const threads = await readdir(`/proc/${process}/task`);
  const states = await Promise.all(
    threads.map((thread) => readFile(`/proc/${process}/task/${thread}/status`, "utf8")),
  );
  return states.every((status) => /^State:\s+T/m.test(status));
}

async function addresses(): Promise<string> {
  return (await run("ip", ["-n", "amphora-haproxy", "-o", "address", "show", "dev", "eth1"])).stdout;
}

/** As an amphora's image has it: on the path of whatever keepalived runs. */
async function installCheckProgram(): Promise<void> {
  const script = new URL("../../agent/cli/haproxy-vrrp-check.sh", import.meta.url).pathname;
  const program = new URL("../../agent/cli/main.ts", import.meta.url).pathname;
  await mkdir("/usr/local/bin", { recursive: true });
  await copyFile(script, "/usr/local/bin/haproxy-vrrp-check");
  // What the script has beside it in a build.
  const text = `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`;
  await writeFile("/usr/local/bin/amphora.js", text, { mode: 0o755 });
}

/** With a check every second. */
function controllersVrrpConfig(vips: readonly string[]): string {
  const checkScript = `${BASE}/vrrp/check_script.sh`;
  return vrrpConfig({ name: "f565635c11e94caf83bce4ca0d8b6f19", vips, checkScript });
}
