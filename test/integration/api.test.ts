/** The daemon as a controller first meets it: version, facts, certificates and its own identity. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { parseAnswer, readToEnd } from "./api-client.ts";
import { type Daemon, startDaemon } from "./daemon.ts";

const LB = "7573b9ba-4f2f-4a9d-8b2c-0a4d7f3c2f10";

let daemon: Daemon;
before(async () => {
  daemon = await startDaemon();
});
after(() => daemon[Symbol.asyncDispose]());

test("tells its version and a HAProxy version of two integers", async () => {
  assert.equal((await daemon.client.ask("GET", "//")).body, '{"api_version":"1.0"}');
  const { haproxy_version } = JSON.parse((await daemon.client.ask("GET", "/1.0/info")).body) as Record<
    string,
    string
  >;
  assert.match(haproxy_version ?? "", /^\d+\.\d+/);
});

test("tells details of a machine without load balancers", async () => {
  const answer = await daemon.client.ask("GET", "/1.0/details");
  assert.equal(answer.status, 200);
  const details = JSON.parse(answer.body) as Record<string, unknown>;
  assert.deepEqual([details.listeners, details.networks, details.haproxy_count], [[], {}, 0]);
  assert.equal((await daemon.client.ask("GET", "/1.0/listeners")).body, "[]");
});

test("keeps a certificate byte by byte, and to itself", async () => {
  const body = Buffer.from("-----BEGIN CERTIFICATE-----\r\nä\r\n");
  const path = `/1.0/loadbalancer/${LB}/certificates/${"0a".repeat(20)}.pem`;
  assert.equal((await daemon.client.ask("PUT", path, { body })).headers.etag, hash("md5", body));
  const file = `/var/lib/octavia/certs/${LB}/${"0a".repeat(20)}.pem`;
  assert.deepEqual(await readFile(file), body);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal((await daemon.client.ask("GET", path)).body, `{"md5sum":"${hash("md5", body)}"}`);
  assert.equal((await daemon.client.ask("DELETE", path)).status, 200);
  assert.equal((await daemon.client.ask("GET", path)).status, 404);
});

test("serves the next connection with a certificate that the controller has replaced", async () => {
  const next = await daemon.serverAuthority.issue("rotated");
  const { status, body } = await daemon.client.ask("PUT", "/1.0/certificate", { body: next.pem });
  assert.deepEqual([status, body], [202, '{"message":"OK"}']);
  const socket = await daemon.client.connect();
  assert.equal(socket.getPeerCertificate().subject.CN, "rotated");
  socket.destroy();
  assert.deepEqual(await readFile("/etc/octavia/certs/server.pem"), next.pem);
});

test("replaces its certificate under 1,000 uploads that are half done, none of which is cut", async () => {
  const body = "0123456789".repeat(100);
  const path = `/1.0/loadbalancer/${LB}/certificates/open.pem`;
  const half = `PUT ${path} HTTP/1.1\r\nHost: amphora\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 500)}`;
  const open = await Promise.all(
    Array.from({ length: 1_000 }, async () => {
      const socket = await daemon.client.connect();
      socket.write(half);
      return socket;
    }),
  );
  const next = await daemon.serverAuthority.issue("rotated under load");
  assert.equal((await daemon.client.ask("PUT", "/1.0/certificate", { body: next.pem })).status, 202);
  const newcomer = await daemon.client.connect();
  assert.equal(newcomer.getPeerCertificate().subject.CN, "rotated under load");
  newcomer.destroy();
  assert.ok(open.every((socket) => socket.getPeerCertificate().subject.CN !== "rotated under load"));
  const answers = await Promise.all(
    open.map((socket) => {
      socket.write(body.slice(500));
      return readToEnd(socket);
    }),
  );
  const complete = answers.filter((text) => parseAnswer(text).headers.etag === hash("md5", body));
  assert.equal(complete.length, 1_000);
});

test("takes a new configuration into the file that it was started with", async () => {
  const body = `${await readFile(daemon.configFile, "utf8")}# changed\n`;
  const { status } = await daemon.client.ask("PUT", "/1.0/config", { body });
  assert.equal(status, 202);
  assert.equal(await readFile(daemon.configFile, "utf8"), body);
});

test("applies a new destination, interval and log level at once", async () => {
  const receiver = createSocket("udp4").bind(0, "127.0.0.1");
  try {
    await once(receiver, "listening");
    const body = (await readFile(daemon.configFile, "utf8"))
      .replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${receiver.address().port}`)
      .replace("[health_manager]", "[DEFAULT]\ndebug = True\n[health_manager]");
    assert.equal((await daemon.client.ask("PUT", "/1.0/config", { body })).status, 202);
    await once(receiver, "message", { signal: AbortSignal.timeout(5_000) });
    await daemon.client.ask("GET", "/1.0/info");
    const isLook = ({ event, path }: Record<string, unknown>) =>
      event === "api.request.done" && path === "/1.0/info";
    const signal = AbortSignal.timeout(5_000);
    while (!daemon.lines().some(isLook)) await delay(10, undefined, { signal });
  } finally {
    receiver.close();
  }
});
