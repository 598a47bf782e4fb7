/** Listeners whose keys are gone, as after a reboot: the others run, and all of them when the keys are back. */
import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { after, test } from "node:test";
import { connect } from "node:tls";
import {
  CERTIFICATES,
  HTTP_LISTENER,
  haproxyConfig,
  LOAD_BALANCER,
  TLS_LISTENER,
} from "../image/documents.ts";
import { startDaemon } from "./daemon.ts";
import { HealthManager } from "./heartbeat-host.ts";
import { AMPHORA, filesOf, furnish, get, until, VIP } from "./loadbalancer-host.ts";

const host = await furnish();
const daemon = await startDaemon();
const heartbeats = await HealthManager.listen("127.0.0.1", "insecure");
const site = {
  amphoraId: AMPHORA,
  vip: VIP,
  vrrpIp: "203.0.113.10",
  member: { address: "10.0.0.10", port: 8080 },
};
const whole = await haproxyConfig(site, { withTls: true });
const files = filesOf(LOAD_BALANCER);
const path = `/1.0/loadbalancer/${AMPHORA}/${LOAD_BALANCER}/haproxy`;
const { pem } = await (await daemon.identities.authority("tenant")).issue("tenant.example");
after(async () => {
  await expect(200, "DELETE", `/1.0/listeners/${LOAD_BALANCER}`);
  await daemon[Symbol.asyncDispose]();
  await heartbeats[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

async function expect(
  status: number,
  method: string,
  where: string,
  body?: string | Buffer,
): Promise<string> {
  const answer = await daemon.client.ask(method, where, body === undefined ? {} : { body });
  assert.equal(answer.status, status, answer.body);
  return answer.body;
}

async function storeKeys(): Promise<void> {
  const store = (name: string, body: string | Buffer) =>
    expect(200, "PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/certificates/${name}.pem`, body);
  await store("tenant", pem);
  await store(TLS_LISTENER, `${CERTIFICATES}/tenant.pem\n`);
}

const act = (action: string) => expect(202, "PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/${action}`);

/** Whether somebody listens there for TLS. */
function offersTls(): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: VIP, port: 443, rejectUnauthorized: false, timeout: 5_000 });
  socket.once("secureConnect", () => resolve(true)).once("error", () => resolve(false));
  socket.once("timeout", () => resolve(false));
  return promise.finally(() => socket.destroy());
}

/** What a power cut leaves of an amphora: its disk, without the keys. */
async function reboot(): Promise<void> {
  await daemon.kill();
  const [master = 0] = [Number(await readFile(files.pidFile, "utf8"))];
  process.kill(master, "SIGKILL");
  await until(async () => !(await get().catch(() => "")));
  for (const name of await readdir("/var/lib/octavia/certs")) {
    await rm(`/var/lib/octavia/certs/${name}`, { recursive: true });
  }
  await daemon.start();
}

const told = (event: string) => daemon.lines().some((line) => line.event === event);

test("after the keys are gone, the listener without them serves, and heartbeats tell of that one alone", async () => {
  const text = await readFile(daemon.configFile, "utf8");
  const entry = `controller_ip_port_list = ${heartbeats.entry}`;
  await writeFile(daemon.configFile, text.replace(/^controller_ip_port_list = .*$/m, entry));
  await storeKeys();
  await expect(202, "PUT", path, whole);
  await act("start");
  await until(offersTls);
  assert.equal(await get(), site.member.address);
  await reboot();
  const from = heartbeats.received.length;
  await until(async () => (await get().catch(() => "")) === site.member.address);
  assert.equal(await offersTls(), false);
  await until(async () => told("haproxy.listeners.withheld"));
  const listeners = () =>
    heartbeats.received.slice(from).map(({ message }) => Object.keys(message.listeners).sort());
  await until(async () => listeners().some((names) => names.length > 0));
  assert.deepEqual(listeners().at(-1), [HTTP_LISTENER]);
});

test("what the controller has stored is still what it reads", async () => {
  assert.equal(await expect(200, "GET", `/1.0/loadbalancer/${LOAD_BALANCER}/haproxy`), await stored());
});

const stored = () => readFile(files.config, "latin1");

test("a reload without the keys fails with HAProxy's words, and what runs goes on, also after a crash", async () => {
  const answer = await expect(500, "PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/reload`);
  assert.match(answer, /crt-list/);
  assert.equal(await get(), site.member.address);
  const before = await readFile(files.pidFile, "utf8");
  process.kill(Number(before), "SIGKILL");
  await until(async () => (await readFile(files.pidFile, "utf8").catch(() => before)) !== before);
  await until(async () => (await get().catch(() => "")) === site.member.address);
});

test("with the keys back, a reload brings all listeners, and keeps the connections of those that ran", async () => {
  await storeKeys();
  await expect(202, "PUT", path, whole);
  const before = await readFile(files.pidFile, "utf8");
  await act("reload");
  await until(offersTls);
  assert.equal(await readFile(files.pidFile, "utf8"), before, "the same master");
  await until(async () => told("haproxy.listeners.complete"));
  await until(async () => {
    const names = Object.keys(heartbeats.received.at(-1)?.message.listeners ?? {});
    return names.includes(HTTP_LISTENER) && names.includes(TLS_LISTENER);
  });
});

test("what is changed afterwards takes effect as ever", async () => {
  const other = await haproxyConfig(
    { ...site, member: { address: "10.0.0.11", port: 8080 } },
    { withTls: true },
  );
  await expect(202, "PUT", path, other);
  await act("reload");
  await until(async () => (await get()) === "10.0.0.11");
});

test("a start of one that runs without some listeners brings them, too", async () => {
  await reboot();
  await until(async () => (await get().catch(() => "")) === "10.0.0.11");
  assert.equal(await offersTls(), false);
  await storeKeys();
  await act("start");
  await until(offersTls);
});
