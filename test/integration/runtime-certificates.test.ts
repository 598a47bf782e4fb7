/** Certificates that change while HAProxy runs, on a throwaway host. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { after, test } from "node:test";
import { connect } from "node:tls";
import { readHistory } from "../../agent/loadbalancer/runtime/history.ts";
import { ask } from "../../agent/system/unix-socket.ts";
import { AMPHORA, anAgent, controllersConfig, filesOf, furnish, idOf, VIP } from "./loadbalancer-host.ts";
import { TlsIdentities } from "./tls-identities.ts";

const host = await furnish();
const config = await controllersConfig("header-x-forwarded-for-terminated-https-http");
const id = idOf(config);
const files = filesOf(id);
const [, port = "", list = ""] = /bind \S+:(\d+) ssl crt-list (\S+)/.exec(config) ?? [];
const identities = await TlsIdentities.create();
const authority = await identities.authority("tenant");
const agent = await anAgent();
const { loadBalancers } = agent;
await mkdir(dirname(list), { recursive: true });
after(async () => {
  await loadBalancers.delete(id);
  await agent.supervisor.close();
  await identities[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

const pathOf = (name: string) => `${dirname(list)}/${name}.pem`;
const store = async (file: string, name: string) =>
  writeFile(pathOf(file), (await authority.issue(name)).pem, { mode: 0o600 });
const name = (...files: string[]) => writeFile(list, `${files.map(pathOf).join("\n")}\n`);

/** Uploads what is there already. @returns how HAProxy came to work with the files that are there now */
async function apply(): Promise<string> {
  const before = (await readHistory(files)).length;
  await loadBalancers.upload(AMPHORA, id, Buffer.from(config));
  await loadBalancers.act(id, "reload");
  const entries = await readHistory(files);
  return entries.length === before ? "unchanged" : (entries.at(-1)?.how ?? "");
}

const worker = async () =>
  /^Pid: (\d+)$/m.exec((await ask(files.adminSocket, "show info", { timeoutMs: 5_000 })).toString())?.[1];

/** @returns serial number of the certificate that a client gets */
async function served(servername: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: VIP, port: Number(port), servername, rejectUnauthorized: false }, () =>
    resolve(socket.getPeerX509Certificate()?.serialNumber ?? ""),
  ).on("error", reject);
  const serial = await promise;
  socket.destroy();
  return serial;
}

test("a certificate with other content, one more for another name and one less need no reload", async () => {
  await store("a", "a.example");
  await name("a");
  assert.equal(await apply(), "start");
  const pid = await worker();
  const first = await served("a.example");

  await store("a", "a.example");
  assert.equal(await apply(), "runtime");
  const second = await served("a.example");
  assert.notEqual(second, first);

  await store("b", "b.example");
  await name("a", "b");
  assert.equal(await apply(), "runtime");
  assert.equal(await served("a.example"), second);
  const other = await served("b.example");
  assert.notEqual(other, second);

  await name("a");
  assert.equal(await apply(), "runtime");
  assert.equal(await served("b.example"), second);
  assert.equal(await apply(), "unchanged");
  assert.equal(await worker(), pid);
});

test("another default certificate is a reload", async () => {
  await store("c", "c.example");
  await name("c", "a");
  assert.equal(await apply(), "reload");
  assert.notEqual(await served("unknown.example"), await served("a.example"));
  assert.equal(await apply(), "unchanged");
});

test("a certificate without its key is refused, and what was served is served on", async () => {
  const pid = await worker();
  const serial = await served("a.example");
  const whole = await readFile(pathOf("a"), "utf8");
  await writeFile(pathOf("a"), whole.slice(whole.indexOf("-----BEGIN CERTIFICATE")));
  await assert.rejects(loadBalancers.act(id, "reload"), /Error reloading haproxy/);
  assert.equal(await served("a.example"), serial);
  assert.equal(await worker(), pid);
  await writeFile(pathOf("a"), whole);
  await apply();
  assert.equal(await served("a.example"), serial);
});
