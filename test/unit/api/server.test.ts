import assert from "node:assert/strict";
import { once } from "node:events";
import { rename, writeFile } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { after, before, beforeEach, suite, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { ConnectionOptions, SecureVersion, TLSSocket } from "node:tls";
import { parseAnswer, readToEnd } from "../../integration/api-client.ts";
import type { TestIdentity } from "../../integration/tls-identities.ts";
import { type ApiFixture, startApi } from "./api-fixture.ts";

const GET = "GET / HTTP/1.1\r\nHost: amphora\r\n\r\n";
const DEADLINE_MS = 5_000;

/** Sends a request over a connection of its own and returns whatever can be read, also when TLS fails. */
async function readable(api: ApiFixture, options: ConnectionOptions): Promise<string> {
  try {
    const socket = await api.client.connect(options);
    socket.write(GET);
    return await readToEnd(socket);
  } catch (error) {
    assert.ok(error instanceof Error);
    return "";
  }
}

async function sessionOf(api: ApiFixture, options: ConnectionOptions): Promise<Buffer | undefined> {
  const socket = await api.client.connect(options);
  // TLS 1.3 hands a session over after the handshake, if at all.
  let session = socket.getSession();
  socket.on("session", (later) => {
    session = later;
  });
  socket.write(GET);
  await readToEnd(socket);
  return session;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!(await condition())) {
    assert.ok(performance.now() < end, "the condition did not come true in time");
    await delay(5);
  }
}

suite("who may talk", () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi();
  });
  after(() => api[Symbol.asyncDispose]());

  for (const version of ["TLSv1.2", "TLSv1.3"] as SecureVersion[]) {
    const only = { minVersion: version, maxVersion: version };

    test(`${version}: a client with a certificate of the authority is answered`, async () => {
      assert.match(await readable(api, only), /^HTTP\/1\.1 200 /);
    });

    test(`${version}: a client without a certificate reads nothing`, async () => {
      assert.equal(await readable(api, { ...only, key: undefined, cert: undefined }), "");
    });

    test(`${version}: a client of another authority of the same name reads nothing`, async () => {
      const stranger = await (await api.identities.authority("client-ca")).issue("controller");
      assert.equal(await readable(api, { ...only, key: stranger.pem, cert: stranger.pem }), "");
    });

    test(`${version}: a session is not resumed, so that every connection shows its certificate`, async () => {
      const session = await sessionOf(api, only);
      const socket = await api.client.connect({ ...only, session });
      assert.equal(socket.isSessionReused(), false);
      socket.destroy();
      assert.equal(await readable(api, { ...only, session, key: undefined, cert: undefined }), "");
    });
  }

  test("a version below the configured one is refused", async () => {
    const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    assert.equal(await readable(api, old), "");
  });

  test("plain HTTP is not answered", async () => {
    const socket = connectTcp(api.api.address.port, "::1");
    socket.write(GET);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", () => socket.destroy());
    await once(socket, "close");
    assert.doesNotMatch(Buffer.concat(chunks).toString("latin1"), /HTTP/);
  });

  test("a refused certificate is logged with its reason", async () => {
    const stranger = await (await api.identities.authority("other-ca")).issue("controller");
    await readable(api, { key: stranger.pem, cert: stranger.pem });
    await until(() => api.lines.some(({ event }) => event === "tls.handshake.refused"));
    const reasons = api.lines.filter(({ level }) => level === 40).map(({ reason }) => reason);
    assert.ok(
      reasons.includes("UNABLE_TO_VERIFY_LEAF_SIGNATURE") || reasons.includes("DEPTH_ZERO_SELF_SIGNED_CERT"),
      String(reasons),
    );
  });

  test("IPv4 clients reach the dual-stack address", async () => {
    assert.match(await readable(api, { host: "127.0.0.1" }), /^HTTP\/1\.1 200 /);
  });
});

suite("configured versions and addresses", () => {
  for (const [configured, offered] of [
    ["TLSv1", "TLSv1"],
    ["TLSv1.1", "TLSv1.1"],
    ["TLSv1.1", "TLSv1.3"],
    ["TLSv1.3", "TLSv1.3"],
  ] as const) {
    test(`with ${configured} a client of ${offered} is answered`, async () => {
      await using api = await startApi({ agentTlsProtocol: configured });
      const weak = offered === "TLSv1.3" ? {} : { ciphers: "DEFAULT@SECLEVEL=0" };
      const answer = await readable(api, { minVersion: offered, maxVersion: offered, ...weak });
      assert.match(answer, /^HTTP\/1\.1 200 /);
    });
  }

  test("with TLSv1.3 a client of TLSv1.2 is refused", async () => {
    await using api = await startApi({ agentTlsProtocol: "TLSv1.3" });
    assert.equal(await readable(api, { maxVersion: "TLSv1.2" }), "");
  });

  test("an IPv4 address can be bound", async () => {
    await using api = await startApi({ bindHost: "127.0.0.1" });
    assert.match(await readable(api, { host: "127.0.0.1" }), /^HTTP\/1\.1 200 /);
  });

  test("a port in use is an error", async () => {
    await using api = await startApi();
    await assert.rejects(startApi({ bindPort: api.api.address.port }), { code: "EADDRINUSE" });
  });

  test("a missing certificate is an error", async () => {
    await assert.rejects(startApi({ agentServerCert: "/nonexistent/server.pem" }), { code: "ENOENT" });
  });
});

suite("a new server certificate", () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi();
  });
  after(() => api[Symbol.asyncDispose]());

  const served = async () => {
    const socket = await api.client.connect();
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return CN;
  };

  test("is used from the next connection on", async () => {
    const next = await api.serverAuthority.issue("amphora-2");
    await writeFile(api.config.agentServerCert, next.pem);
    await api.api.reloadIdentity();
    assert.equal(await served(), "amphora-2");
  });

  test("is noticed when a hand puts it there", async () => {
    const next = await api.serverAuthority.issue("amphora-3");
    await rename(next.pemFile, api.config.agentServerCert);
    await until(async () => (await served()) === "amphora-3");
  });

  test("that is none leaves the old one in use", async () => {
    const old = await served();
    await writeFile(api.config.agentServerCert, "no certificate");
    await assert.rejects(api.api.reloadIdentity());
    await until(() => api.lines.some(({ event }) => event === "tls.identity.rejected"));
    assert.equal(await served(), old);
  });

  test("does not disturb a connection that is open", async () => {
    const next = await api.serverAuthority.issue("amphora-4");
    const socket = await api.client.connect();
    await writeFile(api.config.agentServerCert, next.pem);
    await api.api.reloadIdentity();
    socket.write(GET);
    assert.match(await readToEnd(socket), /^HTTP\/1\.1 200 /);
  });
});

suite("the file of clients' authorities", () => {
  let api: ApiFixture;
  let [old, next] = [{} as TestIdentity, {} as TestIdentity];
  let oldCa: Buffer = Buffer.alloc(0);
  let nextCa = oldCa;
  before(async () => {
    api = await startApi();
    const authority = await api.identities.authority("new-client-ca");
    [old, oldCa] = [api.controller, api.clientAuthority.ca];
    [next, nextCa] = [await authority.issue("controller"), authority.ca];
  });
  after(() => api[Symbol.asyncDispose]());

  const isServed = async ({ pem }: TestIdentity) =>
    (await readable(api, { key: pem, cert: pem })).startsWith("HTTP/1.1 200 ");
  const replace = async (...parts: (Buffer | string)[]) => {
    await writeFile(api.config.agentServerCa, parts.join(""));
    await api.api.reloadIdentity();
  };

  test("replaces the old authorities", async () => {
    await replace(nextCa);
    assert.deepEqual([await isServed(old), await isServed(next)], [false, true]);
  });

  test("may hold several, with words between them", async () => {
    await replace("# the old one\n", oldCa, "# the new one\n", nextCa);
    assert.deepEqual([await isServed(old), await isServed(next)], [true, true]);
  });

  test("is read again when a hand replaces it", async () => {
    await replace(oldCa);
    const file = `${api.config.agentServerCa}.new`;
    await writeFile(file, nextCa);
    await rename(file, api.config.agentServerCa);
    await until(() => isServed(next));
    assert.equal(await isServed(old), false);
  });

  test("does not disturb connections that its old authorities let in", async () => {
    await replace(oldCa);
    const socket = await api.client.connect();
    await replace(nextCa);
    assert.equal(await isServed(old), false);
    socket.write(GET);
    assert.match(await readToEnd(socket), /^HTTP\/1\.1 200 /);
  });

  for (const [what, bytes] of [
    ["nothing", () => ""],
    ["text", () => "no certificate"],
    ["half a certificate", () => nextCa.subarray(0, 300)],
    ["a good and a broken certificate", () => nextCa + nextCa.toString().replace(/^.{64}\n/m, "")],
  ] as const) {
    test(`with ${what} leaves the old ones in use, and does not hold a new server certificate up`, async () => {
      await replace(oldCa);
      api.lines.length = 0;
      const server = await api.serverAuthority.issue(`amphora with ${what}`);
      await writeFile(api.config.agentServerCert, server.pem);
      await replace(bytes().toString());
      assert.ok(api.lines.some(({ event }) => event === "tls.authorities.rejected"));
      assert.deepEqual([await isServed(old), await isServed(next)], [true, false]);
      const socket = await api.client.connect();
      assert.equal(socket.getPeerCertificate().subject.CN, `amphora with ${what}`);
      socket.destroy();
    });
  }

  test("without a certificate keeps the server from starting", async () => {
    const { directory } = api.identities;
    await writeFile(`${directory}/empty.pem`, "");
    await assert.rejects(
      startApi({ agentServerCa: `${directory}/empty.pem` }),
      /no certificate of an authority/,
    );
  });
});

suite("requests that are too much", () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi();
  });
  after(() => api[Symbol.asyncDispose]());
  beforeEach(() => {
    api.agent.calls.length = 0;
  });

  const lines = (...fields: string[]) => ["Host: amphora", ...fields].map((field) => `${field}\r\n`).join("");
  const broken: Record<string, string> = {
    "a request line of more than 4094 bytes": `GET /1.0/loadbalancer/${"a".repeat(10_000)}/haproxy HTTP/1.1\r\n${lines()}\r\n`,
    "more than 100 header fields": `GET / HTTP/1.1\r\n${lines(...Array.from({ length: 100 }, (_, n) => `a${n}: b`))}\r\n`,
    "a header field of more than 8190 bytes": `GET / HTTP/1.1\r\n${lines(`a: ${"b".repeat(9_000)}`)}\r\n`,
    "more than a megabyte of header": `GET / HTTP/1.1\r\n${lines(...Array.from({ length: 200 }, () => `a: ${"b".repeat(8_000)}`))}\r\n`,
    "a negative length": `PUT /1.0/config HTTP/1.1\r\n${lines("Content-Length: -1")}\r\n`,
    "two lengths": `PUT /1.0/config HTTP/1.1\r\n${lines("Content-Length: 1", "Transfer-Encoding: chunked")}\r\n0\r\n\r\n`,
    "a method that HTTP does not have": `FOO / HTTP/1.1\r\n${lines()}\r\n`,
    "no HTTP at all": "\0\u0001\r\n\r\n",
  };
  for (const [name, bytes] of Object.entries(broken)) {
    test(`${name} is a JSON 400`, async () => {
      const { status, headers, body } = parseAnswer(await api.client.raw(bytes));
      assert.equal(status, 400);
      assert.equal(headers["content-type"], "application/json");
      assert.match(body, /^\{"error":"400 Bad Request: [\w ]+","http_code":400\}$/);
      assert.deepEqual(api.agent.calls, []);
    });
  }

  test("a request without Host is served, as is one of HTTP/1.0", async () => {
    assert.match(await api.client.raw("GET / HTTP/1.1\r\n\r\n"), / 200 /);
    assert.match(await api.client.raw("GET / HTTP/1.0\r\n\r\n"), / 200 /);
  });

  test("an expectation that nobody knows does not change the answer", async () => {
    const answer = await api.client.raw("GET / HTTP/1.1\r\nExpect: wonders\r\n\r\n");
    assert.match(answer, /^HTTP\/1\.1 200 /);
  });

  test("a client that ends before its body does gets one whole answer", async () => {
    for (const field of ["A: b", "Expect: wonders"]) {
      const socket = await api.client.connect();
      const head = `GET /1.0/unknown HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n${field}\r\n\r\n`;
      socket.end(head);
      const { status, headers, body } = parseAnswer(await readToEnd(socket));
      assert.deepEqual([status, String(body.length)], [404, headers["content-length"]], body);
    }
  });

  test("of several requests on one connection only the first is worked on", async () => {
    const change = (id: string) => `DELETE /1.0/listeners/${id} HTTP/1.1\r\nHost: a\r\n\r\n`;
    await api.client.raw(change("first") + change("second"));
    assert.deepEqual(api.agent.calls, [["delete", "first"]]);
  });

  for (const framing of ["Content-Length: 1000000000", "Transfer-Encoding: chunked"]) {
    for (const path of [
      "/1.0/loadbalancer/amp/lb/haproxy",
      "/1.0/config",
      "/1.0/certificate",
      "/1.0/loadbalancer/lb/certificates/a.pem",
    ]) {
      test(`a body of 1 GB for ${path} (${framing}) is a 400 and changes nothing`, async () => {
        const socket = await api.client.connect();
        socket.write(`PUT ${path} HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`);
        const pouring = pour(socket, framing.startsWith("Transfer"));
        const { status, body } = parseAnswer(await readToEnd(socket));
        assert.equal(status, 400);
        assert.match(
          body,
          /^\{"message":"Request body too large","details":"The body may have at most \d+ bytes"\}$/,
        );
        assert.ok((await pouring) < 64 * 1024 * 1024, "the rest was not read");
        assert.deepEqual(api.agent.calls, []);
      });
    }
  }

  test("a path that does not exist is refused before its body has arrived", async () => {
    const socket = await api.client.connect();
    socket.write("PUT /nope HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nx");
    assert.equal(parseAnswer(await readToEnd(socket)).status, 404);
  });

  test("a client that leaves while its refused body is discarded harms nobody", async () => {
    for (const request of ["PUT /nope", "PUT /1.0/config"]) {
      const socket = await api.client.connect();
      socket.on("error", () => socket.destroy());
      socket.write(`${request} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n`);
      const pouring = pour(socket, false);
      await once(socket, "data");
      socket.destroy();
      await pouring;
    }
    assert.equal((await api.client.ask("GET", "/")).status, 200);
  });

  test("an upload that its client gives up changes nothing", async () => {
    const socket = await api.client.connect();
    socket.write("PUT /1.0/config HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
    await delay(20);
    socket.destroy();
    await until(() => api.lines.some(({ reason }) => reason === "Request body incomplete"));
    assert.deepEqual(api.agent.calls, []);
  });
});

/** Writes until the other side stops reading or closes. @returns the bytes that were taken */
async function pour(socket: TLSSocket, chunked: boolean): Promise<number> {
  const data = Buffer.alloc(65_536, "x");
  const piece = chunked ? Buffer.concat([Buffer.from("10000\r\n"), data, Buffer.from("\r\n")]) : data;
  const closed = new Promise<boolean>((resolve) => socket.once("close", () => resolve(false)));
  const write = () =>
    new Promise<boolean>((resolve) => socket.write(piece, (error) => resolve(error == null)));
  let taken = 0;
  while (await Promise.race([closed, write()])) taken += piece.length;
  return taken;
}

suite("clients that are slow", { concurrency: true }, () => {
  let api: ApiFixture;
  before(async () => {
    api = await startApi({ agentRequestReadTimeoutSeconds: 1 });
  });
  after(() => api[Symbol.asyncDispose]());

  for (const [name, start] of [
    ["in its head", "GET / HTTP/1.1\r\nHos"],
    ["before its head", ""],
    ["in its body", "PUT /1.0/config HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf"],
  ] as const) {
    test(`a request that stalls ${name} ends with a 400 and changes nothing`, async () => {
      const socket = await api.client.connect();
      socket.write(start);
      const answer = parseAnswer(await readToEnd(socket));
      assert.deepEqual(
        [answer.status, answer.body],
        [400, '{"error":"400 Bad Request: Invalid HTTP request","http_code":400}'],
      );
      assert.deepEqual(api.agent.calls, []);
    });
  }
});

suite("stopping", () => {
  test("lets a running change end and its answer out, and refuses newcomers", async () => {
    const api = await startApi();
    const change = Promise.withResolvers<void>();
    api.agent.before = () => change.promise;
    const answer = api.client.ask("PUT", "/1.0/loadbalancer/lb/reload");
    await until(() => api.agent.calls.length > 0);
    const stopped = api[Symbol.asyncDispose]();
    await assert.rejects(api.client.ask("GET", "/"), { code: "ECONNREFUSED" });
    change.resolve();
    assert.equal((await answer).status, 202);
    await stopped;
  });

  test("does not wait for those who are silent", async () => {
    const api = await startApi();
    const idle = await api.client.connect();
    const stalled = await api.client.connect();
    stalled.write("PUT /1.0/config HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
    const silent = connectTcp(api.api.address.port, "::1");
    const closes = [idle, stalled, silent].map((socket) => {
      socket.on("error", () => undefined).resume();
      return once(socket, "close");
    });
    await once(silent, "connect");
    const start = performance.now();
    await api[Symbol.asyncDispose]();
    assert.ok(performance.now() - start < 3_000);
    await Promise.all(closes);
  });
});
