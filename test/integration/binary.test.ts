/** The program as one executable: what it has to find inside itself, and what it is made of. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { runProgram } from "./command.ts";
import { startDaemon } from "./daemon.ts";
import { until } from "./heartbeat-host.ts";
import { deploy, fetchInside, LISTENER_PORT, LOAD_BALANCER } from "./metrics-host.ts";

const ROOT = join(import.meta.dirname, "../..");
let directory = "";

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "amphora-binary-test-"));
  await build("first");
});
after(() => rm(directory, { recursive: true }));

async function build(name: string): Promise<void> {
  const built = await runProgram([
    process.execPath,
    join(ROOT, "scripts/build-binary.ts"),
    join(directory, name),
  ]);
  assert.equal(built.exitCode, 0, built.stderr);
}

/** Calls the executable by one of its names. */
const call = (name: string, ...words: string[]) => runProgram([join(directory, "first", name), ...words]);

async function digest(name: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(join(directory, name, "amphora")))
    .digest("hex");
}

test("the same sources make the same executable", async () => {
  await build("second");
  assert.equal(await digest("second"), await digest("first"));
  await rm(join(directory, "second"), { recursive: true });
});

test("it knows its version", async () => {
  const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };
  assert.equal((await call("amphora", "--version")).stdout.trim(), version);
});

test("it answers, uses its templates, and has a thread for metrics", async () => {
  await using daemon = await startDaemon("rsa", [join(directory, "first/amphora-agent")]);
  await deploy(daemon, { prometheus: true, servers: 2 });
  const listener = `http://127.0.0.1:${LISTENER_PORT}/metrics`;
  await until(async () => (await fetchInside(listener)).status === 200, 20_000);
  assert.match((await fetchInside(listener)).body, /^# HELP octavia_loadbalancer_cpu /);
  const keepalived = "vrrp_instance test {\n}\n";
  const upload = await daemon.client.ask("PUT", "/1.0/vrrp/upload", { body: keepalived });
  assert.equal(upload.status, 200, upload.body);
  // Rendered from a template.
  assert.match(await readFile("/var/lib/octavia/vrrp/check_script.sh", "utf8"), /check_scripts/);
  await daemon.client.ask("DELETE", `/1.0/listeners/${LOAD_BALANCER}`);
});

test("each of its names does what that name stands for", async () => {
  assert.equal((await call("haproxy-vrrp-check")).exitCode, 0);
  assert.equal((await call("haproxy-vrrp-check", join(directory, "nobody.sock"))).exitCode, 1);
  const path = join(directory, "haproxy.sock");
  const haproxy = createServer((socket) => socket.once("data", () => socket.end("# pxname\n"))).listen(path);
  assert.equal((await call("haproxy-vrrp-check", path)).exitCode, 0);
  haproxy.close();

  const checker = await call("amphora-health-checker", "tcp", "192.0.2.1", "80");
  assert.deepEqual([checker.exitCode, checker.stdout], [1, "Unsupported protocol 'tcp'\n"]);

  const masquerade = await call("lvs-masquerade.sh");
  assert.equal(masquerade.exitCode, 1);
  assert.match(masquerade.stdout, /^Usage: lvs-masquerade\.sh add\|delete/);

  assert.notEqual((await call("amphora-interface", "sideways", "eth9")).exitCode, 0);
});
