/** `amphora status` with a real keepalived: its role, with and without the agent, and what is wrong with it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import type { Status } from "../../agent/status/types.ts";
import { vrrpLayout } from "../../agent/vrrp/layout.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { BASE, furnish, until } from "./loadbalancer-host.ts";
import { readStatus } from "./status-host.ts";
import { vrrpConfig } from "./vrrp-config.ts";

const run = promisify(execFile);
const SHARED_VIP = "203.0.113.50";
const INSTANCE = "f565635c11e94caf83bce4ca0d8b6f19";
let host: AsyncDisposable;
let daemon: Daemon;

before(async () => {
  host = await furnish();
  daemon = await startDaemon();
  // As the agent writes it for a VIP that keepalived adds and removes.
  const file = {
    name: "eth1",
    if_type: "vip",
    addresses: [
      { address: "203.0.113.5", prefixlen: 24 },
      { address: SHARED_VIP, prefixlen: 32, octavia_owned: false },
    ],
    routes: [{ dst: "203.0.113.0/24", scope: "link" }],
    rules: [],
    scripts: { up: [], down: [] },
  };
  await writeFile("/etc/octavia/interfaces/eth1.json", JSON.stringify(file));
});
after(async () => {
  await daemon.client.ask("PUT", "/1.0/vrrp/stop");
  await daemon[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

/** @returns the first status that is so */
async function statusWhen(isSo: (status: Status) => boolean): Promise<Status> {
  let status: Status = await readStatus();
  await until(async () => {
    status = await readStatus();
    return isSo(status);
  }, 30_000);
  return status;
}

function roleOf({ vrrp }: Status): string | undefined {
  return vrrp?.instances[0]?.role;
}

function errorsOf({ problems }: Status): string[] {
  return problems.filter(({ severity }) => severity === "error").map(({ subject }) => subject);
}

test("the holder of the VIP is MASTER, and since when", async () => {
  const config = Buffer.from(vrrpConfig({ name: INSTANCE, vips: [SHARED_VIP] }));
  assert.equal((await daemon.client.ask("PUT", "/1.0/vrrp/upload", { body: config })).status, 200);
  assert.equal((await daemon.client.ask("PUT", "/1.0/vrrp/start")).status, 202);
  const status = await statusWhen(
    (one) => roleOf(one) === "MASTER" && one.vips[0]?.state === "present" && errorsOf(one).length === 0,
  );
  assert.equal(status.vrrp?.instances[0]?.name, INSTANCE);
  const since = Date.parse(status.vrrp.instances[0]?.since ?? "");
  assert.ok(since <= Date.parse(status.time) && since >= Date.parse(status.agent.since ?? ""));
  assert.equal(status.vrrp.pid, Number(await readFile(vrrpLayout(BASE).pidFile, "utf8")));
});

test("without the agent the role is the one that it last heard", async () => {
  const heard = await readStatus();
  await daemon.kill();
  const status = await readStatus();
  assert.deepEqual(status.vrrp, heard.vrrp);
  assert.deepEqual(errorsOf(status), ["agent"]);
  await daemon.start();
});

test("a keepalived in FAULT is named", async () => {
  await run("ip", ["link", "set", "outside", "down"]);
  const status = await statusWhen((one) => roleOf(one) === "FAULT");
  assert.ok(errorsOf(status).includes("vrrp"));
  await run("ip", ["link", "set", "outside", "up"]);
  await statusWhen((one) => roleOf(one) === "MASTER" && errorsOf(one).length === 0);
});

test("a keepalived that is gone is named, with what that means for heartbeats", async () => {
  await daemon.kill();
  process.kill(Number(await readFile(vrrpLayout(BASE).pidFile, "utf8")), "SIGKILL");
  const status = await statusWhen(({ vrrp }) => vrrp?.pid === null);
  const problem = status.problems.find(({ subject }) => subject === "vrrp");
  assert.match(problem?.text ?? "", /does not run: .*heartbeats are withheld/);
  await daemon.start();
  await statusWhen((one) => one.vrrp?.pid !== null && roleOf(one) === "MASTER");
});
