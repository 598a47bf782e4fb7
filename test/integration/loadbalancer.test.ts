/** A load balancer's life on a throwaway host, with the HAProxy that is installed. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { AgentError } from "../../agent/errors.ts";
import { createCertificates } from "../../agent/loadbalancer/certificates.ts";
import { Exclusive } from "../../agent/supervisor/exclusive.ts";
import { runningPid } from "../../agent/system/processes.ts";
import {
  AMPHORA,
  anAgent,
  answers,
  BASE,
  CERTS,
  controllersConfig,
  filesOf,
  furnish,
  get,
  HAPROXY,
  idOf,
  traffic,
  until,
} from "./loadbalancer-host.ts";

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

const upload = (text: string) => loadBalancers.upload(AMPHORA, id, Buffer.from(text));
const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test("an upload stores the configuration, readable by root only, and starts nothing", async () => {
  await upload(config);
  assert.equal(await readFile(files.config, "utf8"), config);
  assert.equal(await mode(files.config), "600");
  assert.equal(existsSync(files.staged), false);
  assert.equal(await loadBalancers.countRunning(), 0);
  assert.deepEqual(await loadBalancers.download(id), Buffer.from(config));
});

test("a start brings the listener up and announces its address once", async () => {
  assert.equal(
    await loadBalancers.act(id, "START"),
    `Configuration file is valid\nhaproxy daemon for ${id} started`,
  );
  assert.match(await get(), /^10\.0\.0\.1[01]$/);
  assert.equal(await loadBalancers.countRunning(), 1);
  await until(async () => agent.advertised.length === 1);
  assert.deepEqual(agent.advertised, [["203.0.113.5"]]);
  assert.deepEqual(await loadBalancers.listeners(), [
    { status: "ACTIVE", uuid: "deac1ece-fcf4-4f21-beda-6cb543f0db6f", type: "TCP" },
  ]);
});

test("a refused configuration changes nothing and is kept for the operator", async () => {
  const pid = await runningPid(files.pidFile, HAPROXY);
  const bad = config.replace("balance roundrobin", "balance sometimes");
  await assert.rejects(upload(bad), (error) => {
    assert.ok(error instanceof AgentError);
    assert.equal(error.status, 400);
    assert.equal(error.message, "Invalid request");
    assert.match(error.details ?? "", /haproxy\.cfg\.new:\d+\] : balance only supports/);
    return true;
  });
  assert.equal(await readFile(files.config, "utf8"), config);
  assert.equal(await readFile(files.rejected, "utf8"), bad);
  assert.equal(existsSync(files.staged), false);
  assert.equal(await runningPid(files.pidFile, HAPROXY), pid);
  assert.ok(await answers());
});

test("an empty configuration is refused", async () => {
  await assert.rejects(upload(""), { message: "Invalid request", code: "invalidInput" });
});

test("a configuration that is not UTF-8 is no error of the agent's own vocabulary, and leaves no trace", async () => {
  const before = await readdir(files.directory);
  await assert.rejects(
    loadBalancers.upload(AMPHORA, id, Buffer.concat([Buffer.from(config), Buffer.from([0xff])])),
    (error) => !(error instanceof AgentError),
  );
  assert.deepEqual(await readdir(files.directory), before);
});

test("a group line of an old controller is dropped, and nothing else", async () => {
  await upload(config.replace("    user nobody\n", "    user nobody\n    group nogroup\n# a group photo\n"));
  assert.equal(
    await readFile(files.config, "utf8"),
    config.replace("    user nobody\n", "    user nobody\n# a group photo\n"),
  );
  assert.equal(await readFile(files.previous, "utf8"), config);
});

test("an image without a group file does without it", async () => {
  const groupFile = `${BASE}/haproxy-default-user-group.conf`;
  await rename(groupFile, `${groupFile}.away`);
  try {
    await upload(config);
  } finally {
    await rename(`${groupFile}.away`, groupFile);
  }
});

test("the same configuration again leaves the file and the one before it alone", async () => {
  const before = await stat(files.config);
  const previous = await readFile(files.previous);
  await upload(await readFile(files.config, "utf8"));
  assert.equal((await stat(files.config)).ino, before.ino);
  assert.deepEqual(await readFile(files.previous), previous);
  assert.equal(existsSync(files.staged), false);
});

test("reloads under traffic lose no request, and the new configuration is live after each", async (t) => {
  const only = (member: string) =>
    config
      .split("\n")
      .filter((line) => !line.startsWith("    server ") || line.includes(member))
      .join("\n");
  const load = traffic();
  t.after(() => load.stop());
  for (const member of ["10.0.0.10", "10.0.0.11", "10.0.0.10", "10.0.0.11"]) {
    await upload(only(member));
    assert.equal(await loadBalancers.act(id, "reload"), `Listener ${id} reloaded`);
    for (let request = 0; request < 5; request += 1) assert.equal(await get(), member);
  }
  const { answered, failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.ok(answered > 20, `${answered} requests`);
  assert.match(await readFile(files.serversState, "utf8"), /^1\n# be_id [\s\S]*[^\n]\n$/);
});

test("a reload that HAProxy cannot carry out is an error, and the old configuration goes on", async () => {
  const foreign = (await readFile(files.config, "utf8")).replace("bind 203.0.113.5:80", "bind 192.0.2.77:80");
  const good = await readFile(files.config, "utf8");
  await upload(foreign);
  const load = traffic();
  await assert.rejects(loadBalancers.act(id, "reload"), (error) => {
    assert.ok(error instanceof AgentError);
    assert.equal(error.status, 500);
    assert.equal(error.message, "Error reloading haproxy");
    assert.match(error.details ?? "", /cannot bind socket \(Cannot assign requested address\)/);
    return true;
  });
  assert.deepEqual((await load.stop()).failures, []);
  await upload(good);
  await loadBalancers.act(id, "reload");
  assert.ok(await answers());
});

test("an unknown action is told before an unknown load balancer", async () => {
  await assert.rejects(loadBalancers.act("no-such-id", "Explode"), {
    status: 400,
    message: "Invalid Request",
    details: "Unknown action: explode",
  });
  for (const unknown of ["no-such-id", "..", "00000000-0000-4000-8000-000000000000"]) {
    const expected = {
      status: 404,
      message: "Loadbalancer Not Found",
      details: `No loadbalancer with UUID: ${unknown}`,
    };
    await assert.rejects(loadBalancers.act(unknown, "start"), expected);
    await assert.rejects(loadBalancers.download(unknown), expected);
    await loadBalancers.delete(unknown);
  }
});

test("an id that is none is refused before anything is written", async () => {
  const before = await readdir(BASE);
  await assert.rejects(loadBalancers.upload(AMPHORA, "..", Buffer.from(config)), { status: 400 });
  assert.deepEqual(await readdir(BASE), before);
});

test("a full disk leaves the active configuration and the running HAProxy alone", async () => {
  const active = await readFile(files.config);
  // Over the same directory, with the same content and hardly any room.
  const saved = new Map<string, Buffer>();
  for (const name of await readdir(files.directory)) {
    const path = `${files.directory}/${name}`;
    if ((await stat(path)).isFile()) saved.set(path, await readFile(path));
  }
  await promisify(execFile)("mount", ["-t", "tmpfs", "-o", "size=64k", "small", files.directory]);
  try {
    for (const [path, bytes] of saved) await writeFile(path, bytes, { mode: 0o600 });
    const large = `${config}${"# filler\n".repeat(16_384)}`;
    await assert.rejects(upload(large), { code: "ENOSPC" });
    assert.deepEqual(await readFile(files.config), active);
    assert.equal(existsSync(files.staged), false);
    assert.ok(await answers());
  } finally {
    // At once, although the supervisor may just be reading a file of it: it looks every second.
    await promisify(execFile)("umount", ["--lazy", files.directory]);
  }
});

test("certificates are stored byte for byte, for root only, and only under names of certificates", async () => {
  const certificates = createCertificates({ directory: CERTS, exclusive: new Exclusive() });
  const pem = Buffer.from("-----BEGIN\r\nnot text: \xff\r\n", "latin1");
  await mkdir(CERTS, { recursive: true });
  await certificates.store(id, "a1b2.pem", pem);
  assert.deepEqual(await readFile(`${CERTS}/${id}/a1b2.pem`), pem);
  assert.equal(await mode(`${CERTS}/${id}/a1b2.pem`), "600");
  assert.equal(await certificates.md5(id, "a1b2.pem"), createHash("md5").update(pem).digest("hex"));
  for (const name of ["aXpem", "a.pemfoo", "../a.pem", ".pem", "a/b.pem"]) {
    await assert.rejects(certificates.store(id, name, pem), { message: "Filename has wrong format" });
  }
  await assert.rejects(certificates.store("..", "a.pem", pem), { status: 400 });
  assert.deepEqual(await readdir(CERTS), [id]);
  await certificates.store(id, "gone.pem", pem);
  await certificates.delete(id, "gone.pem");
  await certificates.delete(id, "gone.pem");
  await assert.rejects(certificates.md5(id, "gone.pem"), {
    status: 404,
    message: "Certificate Not Found",
    details: "No certificate with filename: gone.pem",
  });
});

test("a stop ends HAProxy, and a reload of a stopped one is a start", async () => {
  assert.equal(await loadBalancers.act(id, "stop"), `Listener ${id} stoped`);
  assert.equal(await answers(), false);
  assert.equal(await loadBalancers.countRunning(), 0);
  assert.match(await loadBalancers.act(id, "reload"), /daemon for .* started$/);
  assert.ok(await answers());
});

test("nothing is announced where a standby exists", async (t) => {
  const standby = await anAgent("ACTIVE_STANDBY");
  t.after(() => standby.supervisor.close());
  await standby.loadBalancers.act(id, "reload");
  assert.deepEqual(standby.advertised, []);
});

test("a deletion ends HAProxy and leaves nothing but the checks, which are the amphora's", async () => {
  await loadBalancers.delete(id);
  assert.equal(await answers(), false);
  assert.deepEqual((await readdir(BASE)).sort(), ["certs", "haproxy-default-user-group.conf", "vrrp"]);
  assert.deepEqual(await readdir(CERTS), []);
  assert.deepEqual(await loadBalancers.listeners(), []);
  await loadBalancers.delete(id);
});
