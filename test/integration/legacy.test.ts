/** The life of a listener in a cloud that speaks API 0.5, with a real HAProxy and real traffic. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { access } from "node:fs/promises";
import process from "node:process";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Daemon, startDaemon } from "./daemon.ts";
import { cleanHost, inside, OUTSIDE, plugPort, shell } from "./network-rig.ts";

const LI = "5f0c2e1d-8f3b-4d1c-9a59-0f2a1be0c6d1";
const POOL = "0d1c2b3a-4f5e-4a6b-8c7d-9e0f1a2b3c4d";
const MEMBER = "9e8d7c6b-5a4f-4e3d-8c2b-1a0f9e8d7c6b";
const VIP = "203.0.113.5";
const JSON_TYPE = { "Content-Type": "application/json" };
const CONFIG = `global
    daemon
    user nobody
    stats socket /var/lib/octavia/${LI}.sock mode 0666 level user
    maxconn 1000

defaults
    timeout connect 1s
    timeout client 1s
    timeout server 1s

frontend ${LI}
    mode http
    bind ${VIP}:80
    default_backend ${POOL}

backend ${POOL}
    mode http
    server ${MEMBER} 203.0.113.9:8080 weight 1
`;

let daemon: Daemon;
let member: ChildProcess | undefined;
before(async () => {
  await cleanHost();
  daemon = await startDaemon();
});
after(async () => {
  member?.kill();
  await daemon[Symbol.asyncDispose]();
  await cleanHost();
});

const ask = (method: string, path: string, body?: string) =>
  daemon.client.ask(method, `/0.5/${path}`, body === undefined ? {} : { body, headers: JSON_TYPE });
const fetched = async (path: string) => JSON.parse((await ask("GET", path)).body) as Record<string, unknown>;

test("a listener is plugged, uploaded, started, watched and deleted", async () => {
  const { mac } = await plugPort(1, ["203.0.113.9/24"]);
  const port = JSON.stringify({
    subnet_cidr: "203.0.113.0/24",
    gateway: "203.0.113.1",
    mac_address: mac,
    vrrp_ip: "203.0.113.6",
  });
  const plugged = await ask("POST", `plug/vip/${VIP}`, port);
  assert.deepEqual(
    [plugged.status, plugged.body],
    [202, `{"message":"OK","details":"VIP ${VIP} plugged on interface eth1"}`],
  );
  const again = await ask("POST", "plug/network", JSON.stringify({ mac_address: mac }));
  assert.deepEqual([again.status, again.body], [409, '{"message":"Interface already exists"}']);
  assert.match(await inside("ip addr show eth1"), /203\.0\.113\.5\/32/);

  assert.equal((await ask("PUT", `listeners/amphora/${LI}/haproxy`, "nonsense")).status, 400);
  assert.equal((await ask("PUT", `listeners/amphora/${LI}/haproxy`, CONFIG)).status, 202);
  assert.deepEqual(await fetched(`listeners/${LI}`), { status: "OFFLINE", uuid: LI, type: "" });
  const started = await ask("PUT", `listeners/${LI}/start`);
  assert.equal(started.status, 202, started.body);
  serveOutside();
  const isUp = async () => (await fetched(`listeners/${LI}`)).status === "ACTIVE";
  await until(isUp, "an active listener");
  assert.deepEqual(await fetched(`listeners/${LI}`), {
    status: "ACTIVE",
    uuid: LI,
    type: "HTTP",
    pools: [{ members: { [MEMBER]: "no check" }, uuid: POOL, status: "UP" }],
  });
  assert.deepEqual(await fetched("listeners"), [{ status: "ACTIVE", uuid: LI, type: "HTTP" }]);
  const { listeners, haproxy_count } = await fetched("details");
  assert.deepEqual([listeners, haproxy_count], [[LI], 1]);
  const isServed = async () =>
    (await shell(`ip netns exec ${OUTSIDE} curl -s -m 5 http://${VIP}/ || true`)) === "served";
  await until(isServed, "an answer of the member");

  assert.equal((await ask("PUT", `listeners/${LI}/reload`)).status, 202);
  await until(isUp, "an active listener after the reload");
  assert.deepEqual((({ status, body }) => [status, body])(await ask("DELETE", `listeners/${LI}`)), [
    200,
    '{"message":"OK"}',
  ]);
  assert.deepEqual(await fetched("listeners"), []);
  assert.equal((await ask("GET", `listeners/${LI}`)).status, 404);
  await assert.rejects(access(`/var/lib/octavia/${LI}`));
});

/** A member that answers every request alike. */
function serveOutside(): void {
  const server = 'require("http").createServer((_, out) => out.end("served")).listen(8080, "203.0.113.9")';
  member = spawn("ip", ["netns", "exec", OUTSIDE, process.execPath, "-e", server]);
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) assert.fail(`not seen in time: ${what}`);
    await delay(20);
  }
}
