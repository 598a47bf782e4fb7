/** `amphora doctor --report`: what a bug report needs, and not one of the secrets that are planted on this host. */
import assert from "node:assert/strict";
import { appendFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { AGENT_LOG_FILES } from "../../agent/config/paths.ts";
import { amphora } from "./command.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { aConfig, act, LOAD_BALANCER, plugVip, upload } from "./doctor-host.ts";
import { shell } from "./network-rig.ts";

const REPORT = "/run/report.tgz";
const SECRETS = {
  heartbeatKey: "hunter2-of-the-heartbeat",
  vrrpPassword: "vrrppass",
  cookie: "cookie-of-a-tenant",
  authorization: "dXNlcjpwYXNzd29yZA==",
  statistics: "statistics-password",
};
let daemon: Daemon;

before(async () => {
  daemon = await startDaemon();
  await plugVip(daemon);
  const text = (await readFile(daemon.configFile, "utf8")).replace("insecure", SECRETS.heartbeatKey);
  assert.equal((await daemon.client.ask("PUT", "/1.0/config", { body: text })).status, 202);
  const rules = `    http-request set-header Authorization "Basic ${SECRETS.authorization}"
    acl known req.cook(session) -m str ${SECRETS.cookie}
    stats auth admin:${SECRETS.statistics}
`;
  const config = aConfig(rules).replaceAll("mode tcp", "mode http");
  assert.equal(await upload(daemon, config), 202);
  await act(daemon, "start");
  const { pem } = await daemon.serverAuthority.issue("listener");
  const path = `/1.0/loadbalancer/${LOAD_BALANCER}/certificates/listener.pem`;
  assert.equal((await daemon.client.ask("PUT", path, { body: pem })).status, 200);
  await mkdir("/var/lib/octavia/vrrp", { recursive: true });
  await writeFile(
    "/var/lib/octavia/vrrp/octavia-keepalived.conf",
    `vrrp_instance x {\n    authentication {\n        auth_type PASS\n        auth_pass ${SECRETS.vrrpPassword}\n    }\n}\n`,
  );
  const log = AGENT_LOG_FILES.find((file) => file.startsWith("/run/")) ?? "";
  await appendFile(
    log,
    `request with Cookie: session=${SECRETS.cookie}\nkeepalived read ${SECRETS.vrrpPassword}\nsigned with ${SECRETS.heartbeatKey}\n`,
  );
});
after(async () => {
  await daemon.client.ask("DELETE", `/1.0/listeners/${LOAD_BALANCER}`);
  await daemon[Symbol.asyncDispose]();
});

test("the report has what is asked for in bug reports, and no secret in any of its files", async () => {
  const { exitCode, stderr } = await amphora("doctor", "--report", REPORT);
  assert.ok(exitCode !== null && exitCode <= 2);
  assert.match(stderr, /^\/run\/report\.tgz: \d+ kB, without keys and passwords; look before you send it$/m);
  assert.equal((await stat(REPORT)).mode & 0o777, 0o600);
  await shell(`mkdir -p /run/report && tar -xzf ${REPORT} -C /run/report`);
  const names = (await shell("cd /run/report && find . -type f")).trim().split("\n");
  for (const part of [
    /\/doctor\.txt$/,
    /\/status\.json$/,
    /\/configuration\/amphora-agent\.conf$/,
    /\/configuration\/interfaces\/eth1\.json$/,
    /\/configuration\/octavia-keepalived\.conf$/,
    new RegExp(`/haproxy/${LOAD_BALANCER}/haproxy\\.cfg$`),
    new RegExp(`/haproxy/${LOAD_BALANCER}/show-stat$`),
    /\/network\/routes$/,
    /\/log\/run\/amphora-agent\.log$/,
  ]) {
    assert.ok(
      names.some((name) => part.test(name)),
      `${part} in ${names.join(" ")}`,
    );
  }
  const everything = await shell("cat $(find /run/report -type f)");
  for (const [name, secret] of Object.entries(SECRETS)) assert.ok(!everything.includes(secret), name);
  assert.ok(!everything.includes("PRIVATE KEY"));
  // The places are still there to be seen.
  assert.match(everything, /^heartbeat_key = \(removed\)$/m);
  assert.match(everything, /^ +auth_pass \(removed\)$/m);
  assert.match(everything, /^ +acl known req\.cook\(session\) \(removed\)$/m);
  assert.match(everything, /request with Cookie: \(removed\)$/m);
});

test("a report that cannot be written is an error, and what was found is told all the same", async () => {
  const { exitCode, stdout, stderr } = await amphora("doctor", "--report", "/no/such/directory/report.tgz");
  assert.equal(exitCode, 1);
  assert.match(stdout, /warning|FAILURE|healthy/);
  assert.match(stderr, /no such file or directory/);
});

test("whoever cannot log in gets the same archive over the wire, without secrets as well", async () => {
  const { status, headers, body } = await daemon.client.ask("GET", "/agent/v1/diagnostics");
  assert.deepEqual([status, headers["content-type"]], [200, "application/gzip"]);
  await writeFile("/run/wire.tgz", Buffer.from(body, "latin1"));
  await shell("mkdir -p /run/wire && tar -xzf /run/wire.tgz -C /run/wire");
  const everything = await shell("cat $(find /run/wire -type f)");
  assert.match(everything, /^heartbeat_key = \(removed\)$/m);
  for (const [name, secret] of Object.entries(SECRETS)) assert.ok(!everything.includes(secret), name);
  assert.ok(!everything.includes("PRIVATE KEY"));
});
