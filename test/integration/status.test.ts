/** `amphora status` on a throwaway host: the real daemon, a real HAProxy, and what is broken one after the other. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import type { Problem, Status } from "../../agent/status/types.ts";
import { document, misfit } from "../unit/api/described-api.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { BASE, filesOf, furnish, until, VIP } from "./loadbalancer-host.ts";
import {
  amphora,
  deploy,
  GOOD_MEMBER,
  LISTENER,
  LOAD_BALANCER,
  OTHER_MEMBER,
  POOL,
  readStatus,
  writeVipFile,
} from "./status-host.ts";

const run = promisify(execFile);
const GOOD = "10.0.0.11:8080";
const REFUSING = "10.0.0.11:9";
let host: AsyncDisposable;
let daemon: Daemon;

before(async () => {
  host = await furnish();
  await writeVipFile();
  daemon = await startDaemon();
});
after(async () => {
  await daemon.client.ask("DELETE", `/1.0/listeners/${LOAD_BALANCER}`);
  await daemon[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

/** @returns the first status that is so */
async function statusWhen(isSo: (status: Status) => boolean): Promise<Status & { exitCode: number }> {
  let status = await readStatus();
  await until(async () => {
    status = await readStatus();
    return isSo(status);
  }, 30_000);
  return status;
}

function errorsOf({ problems }: Status): Problem[] {
  return problems.filter(({ severity }) => severity === "error");
}

/** Of the error of a path or method that there is not. */
function codeIn(body: string): unknown {
  return (JSON.parse(body) as { http_code?: unknown }).http_code;
}

test("a healthy amphora is shown whole, and nothing is wrong with it", async () => {
  await deploy(daemon, GOOD);
  const status = await statusWhen(
    ({ pools, controllers }) =>
      pools[0]?.members.every(({ check }) => check !== null) === true &&
      controllers[0]?.last_heartbeat !== null,
  );
  assert.deepEqual(errorsOf(status), []);
  assert.equal(status.exitCode, 0);
  assert.deepEqual([status.agent.state, status.agent.pid], ["running", daemon.pid]);
  assert.ok((status.agent.heartbeats?.sent ?? 0) > 0);
  const lastHeartbeat = Date.parse(status.controllers[0]?.last_heartbeat ?? "");
  assert.ok(
    lastHeartbeat <= Date.parse(status.time) && lastHeartbeat >= Date.parse(status.agent.since ?? ""),
  );
  assert.deepEqual(
    status.vips.map(({ address, state }) => [address, state]),
    [[VIP, "present"]],
  );
  const eth1 = status.interfaces?.find(({ name }) => name === "eth1");
  assert.deepEqual([eth1?.up, eth1?.carrier, eth1?.addresses[0]], [true, true, `${VIP}/24`]);
  const [balancer] = status.load_balancers;
  assert.deepEqual([balancer?.id, balancer?.state, balancer?.workers?.length], [LOAD_BALANCER, "running", 1]);
  assert.deepEqual(
    status.listeners.map(({ id, state, addresses, connections }) => [
      id,
      state,
      addresses,
      connections?.limit,
    ]),
    [[LISTENER, "OPEN", [`${VIP}:80`], 500]],
  );
  assert.deepEqual(
    status.pools[0]?.members.map(({ id, state, check }) => [id, state, check?.status]),
    [
      [GOOD_MEMBER, "UP", "L4OK"],
      [OTHER_MEMBER, "UP", "L4OK"],
    ],
  );
  assert.deepEqual(
    status.certificates.map(({ used_by, subject }) => [used_by, subject]),
    [
      ["agent", "CN=amphora"],
      ["controllers", "CN=ca"],
    ],
  );

  const { output, exitCode } = await amphora(["status"]);
  assert.equal(exitCode, 0);
  for (const line of output.split("\n")) assert.ok(line.length <= 80, line);
  assert.ok(!output.includes("\x1b"));
  for (const part of [GOOD_MEMBER, LISTENER, LOAD_BALANCER, POOL, VIP, "nothing is wrong"]) {
    assert.ok(output.includes(part), `${part}\n${output}`);
  }
});

test("the same goes over the wire, as it is documented, and can only be read", async () => {
  const { client } = daemon;
  const { status: code, headers, body } = await client.ask("GET", "/agent/v1/status");
  assert.deepEqual([code, headers["content-type"]], [200, "application/json"]);
  const remote = JSON.parse(body) as Status;
  const { exitCode: _, ...local } = await readStatus();
  const schema = document.components.schemas.Status ?? {};
  for (const status of [remote, local]) assert.equal(misfit(schema, status), undefined);
  for (const part of ["amphora_id", "versions", "vips", "interfaces", "listeners", "certificates"] as const) {
    assert.deepEqual(remote[part], local[part]);
  }
  assert.equal(remote.agent.pid, local.agent.pid);
  assert.equal((await client.ask("HEAD", "/agent/v1/status")).status, 200);
  for (const method of ["PUT", "POST", "DELETE"]) {
    const refused = await client.ask(method, "/agent/v1/status");
    assert.deepEqual([refused.status, codeIn(refused.body)], [405, 405]);
  }
  for (const path of ["/agent/v1", "/agent/v1/", "/agent/v2/status", "/agent/v1/nothing"]) {
    const missing = await client.ask("GET", path);
    assert.deepEqual([missing.status, codeIn(missing.body)], [404, 404], path);
  }
});

test("colours are for a terminal, and for one that wants them", async () => {
  const onTerminal = async (env: string) => {
    const command = `${env} ${process.execPath} agent/cli/main.ts status`;
    return (await run("script", ["-qec", command, "/dev/null"])).stdout;
  };
  assert.ok((await onTerminal("env -u NO_COLOR")).includes("\x1b[32m"));
  assert.ok(!(await onTerminal("NO_COLOR=1")).includes("\x1b["));
});

test("a member that is down is named, with its address and what the check said", async () => {
  await deploy(daemon, REFUSING);
  const status = await statusWhen((one) => errorsOf(one).length > 0);
  assert.deepEqual(
    errorsOf(status).map(({ subject, object }) => [subject, object]),
    [["member", OTHER_MEMBER]],
  );
  assert.match(
    errorsOf(status)[0]?.text ?? "",
    /\(10\.0\.0\.11:9\) is DOWN for \d+ \w+: L4CON Connection refused$/,
  );
  assert.equal(status.exitCode, 3);
  assert.equal(status.pools[0]?.state, "UP");
  await deploy(daemon, GOOD);
  await statusWhen((one) => errorsOf(one).length === 0);
});

test("a link that is lost, an interface that is down and a VIP that is gone are named", async () => {
  const inside = ["netns", "exec", "amphora-haproxy", "ip"];
  await run("ip", ["link", "set", "outside", "down"]);
  const lost = await statusWhen((one) => errorsOf(one).some(({ subject }) => subject === "interface"));
  assert.match(errorsOf(lost).find(({ subject }) => subject === "interface")?.text ?? "", /eth1 has no link/);
  await run("ip", ["link", "set", "outside", "up"]);
  await run("ip", [...inside, "address", "del", `${VIP}/24`, "dev", "eth1"]);
  const missing = await statusWhen((one) => errorsOf(one).some(({ subject }) => subject === "vip"));
  assert.match(missing.problems[0]?.text ?? "", /203\.0\.113\.5 is missing on eth1/);
  await run("ip", [...inside, "link", "set", "eth1", "down"]);
  const down = await readStatus();
  assert.ok(errorsOf(down).some(({ text }) => text === "eth1 is down"));
  await run("ip", [...inside, "address", "add", `${VIP}/24`, "dev", "eth1"]);
  await run("ip", [...inside, "link", "set", "eth1", "up"]);
  await run("ip", [...inside, "route", "add", "default", "via", "203.0.113.1"]);
  await statusWhen((one) => errorsOf(one).length === 0);
});

test("a HAProxy that hangs does not answer, and is named by its pid", async () => {
  const workers = (await readStatus()).load_balancers[0]?.workers ?? [];
  assert.equal(workers.length, 1);
  for (const pid of workers) process.kill(pid, "SIGSTOP");
  try {
    const status = await readStatus();
    assert.equal(status.load_balancers[0]?.state, "silent");
    const [problem] = errorsOf(status).filter(({ subject }) => subject === "haproxy");
    assert.match(problem?.text ?? "", /does not answer: no answer within 3 s/);
  } finally {
    for (const pid of workers) process.kill(pid, "SIGCONT");
  }
});

test("an agent that is gone is named; everything else is still told", async () => {
  const before_ = await readStatus();
  await daemon.kill();
  const status = await readStatus();
  assert.equal(status.agent.state, "down");
  assert.deepEqual(
    errorsOf(status).map(({ subject }) => subject),
    ["agent"],
  );
  assert.equal(status.exitCode, 3);
  assert.deepEqual(status.versions, before_.versions);
  assert.deepEqual(status.interfaces, before_.interfaces);
  assert.deepEqual(
    status.pools[0]?.members.map(({ state }) => state),
    ["UP", "UP"],
  );
  assert.equal(status.controllers[0]?.address, before_.controllers[0]?.address);
  assert.equal(status.controllers[0]?.last_heartbeat, null);
});

test("a HAProxy that ended while no agent looked is named; one that was stopped is not", async () => {
  const pid = Number(await readFile(filesOf(LOAD_BALANCER).pidFile, "utf8"));
  process.kill(pid, "SIGKILL");
  const status = await statusWhen(({ load_balancers }) => load_balancers[0]?.state === "failed");
  assert.deepEqual(
    errorsOf(status).map(({ subject }) => subject),
    ["agent", "haproxy"],
  );
  assert.equal(status.listeners[0]?.state, "DOWN");
  await daemon.start();
  await statusWhen(({ load_balancers }) => load_balancers[0]?.state === "running");
  assert.equal((await daemon.client.ask("PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/stop`)).status, 202);
  const stopped = await readStatus();
  assert.equal(stopped.load_balancers[0]?.state, "stopped");
  assert.deepEqual(errorsOf(stopped), []);
  await daemon.client.ask("PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/start`);
});

test("a configuration that cannot be used, and a certificate that is none, are named", async () => {
  const { configFile } = daemon;
  const good = await readFile(configFile, "utf8");
  const certificate = await readFile("/etc/octavia/certs/client_ca.pem", "utf8");
  await daemon.kill();
  await writeFile(configFile, `${good}\n[haproxy_amphora]\nbind_port = many\n`);
  await writeFile("/etc/octavia/certs/client_ca.pem", "nothing\n");
  try {
    const { output } = await amphora(["status", "--json", "--config-file", configFile]);
    const errors = errorsOf(JSON.parse(output) as Status);
    assert.deepEqual(
      errors.map(({ subject }) => subject),
      ["configuration", "agent", "certificate"],
    );
    assert.match(errors[0]?.text ?? "", /bind_port/);
  } finally {
    await writeFile(configFile, good);
    await chmod(configFile, 0o600);
    await writeFile("/etc/octavia/certs/client_ca.pem", certificate);
    await daemon.start();
  }
});

test("a full disk, and one that is read-only, are named, and heartbeats go on", async () => {
  const mount = (...args: string[]) => run("mount", [...args, BASE]);
  const heartbeat = () => daemon.heartbeats.length;
  await mount("-o", "remount,size=4m");
  await run("dd", ["if=/dev/zero", `of=${BASE}/filler`, "bs=64k"]).catch(() => undefined);
  const full = await readStatus();
  assert.equal(full.machine.disk?.available_bytes, 0);
  assert.match(errorsOf(full)[0]?.text ?? "", /^the disk is full/);
  const before_ = heartbeat();
  await until(async () => heartbeat() > before_ + 1);
  await rm(`${BASE}/filler`);
  await mount("-o", "remount,size=100m");
  // A mount of its own: what is open for writing keeps the other from being read-only.
  await mount("--bind", BASE);
  await mount("-o", "remount,bind,ro");
  const readOnly = await readStatus();
  assert.equal(readOnly.machine.disk?.read_only, true);
  assert.match(errorsOf(readOnly)[0]?.text ?? "", /^the disk is read-only/);
  const between = heartbeat();
  await until(async () => heartbeat() > between + 1);
  // At once, although the daemon may just be reading a file of it.
  await run("umount", ["--lazy", BASE]);
  await statusWhen((one) => errorsOf(one).length === 0);
});

test("without a namespace nothing fails, and its absence is named", async () => {
  await run("ip", ["netns", "delete", "amphora-haproxy"]);
  const status = await readStatus();
  assert.equal(status.interfaces, null);
  assert.ok(errorsOf(status).some(({ subject }) => subject === "namespace"));
});
