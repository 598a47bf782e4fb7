import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pino } from "pino";
import { parseConfig } from "../../agent/config/config-parse.ts";
import { ConfigInForce } from "../../agent/config/load.ts";
import { AgentError } from "../../agent/errors.ts";
import { createIdentity } from "../../agent/identity.ts";
import { replaceFile } from "../../agent/system/files.ts";

const directory = mkdtempSync(join(tmpdir(), "identity-"));
after(() => rmSync(directory, { recursive: true }));

function selfSigned(name: string): { key: Buffer; cert: Buffer } {
  const [key, cert] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)];
  const subject = [
    "-subj",
    `/CN=${name}`,
    "-days",
    "2",
    "-nodes",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
  ];
  execFileSync("openssl", ["req", "-x509", ...subject, "-keyout", key, "-out", cert], {
    stdio: "ignore",
  });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

type LogLine = Record<string, unknown>;

function anIdentity() {
  const files = { config: join(directory, "agent.conf"), pem: join(directory, "server.pem") };
  const text = `[amphora_agent]\nagent_server_cert = ${files.pem}\n`;
  const config = new ConfigInForce(parseConfig([{ path: files.config, text }], files.config).config);
  const calls: string[] = [];
  const lines: LogLine[] = [];
  const identity = createIdentity({
    config,
    replaceFile,
    logger: pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line) as LogLine) }),
    certificateReplaced: async () => {
      calls.push("certificate");
    },
    configReplaced: () => calls.push("config"),
  });
  return { identity, config, calls, lines, files };
}

const [one, other] = [selfSigned("one"), selfSigned("other")];

test("stores a certificate with its key, readable by its owner only, and tells the server", async () => {
  const { identity, calls, files } = anIdentity();
  const pem = Buffer.concat([one.cert, one.key]);
  await identity.replaceCertificate(pem);
  assert.deepEqual(readFileSync(files.pem), pem);
  assert.deepEqual(calls, ["certificate"]);
});

for (const [when, year] of [
  ["expired", 2100],
  ["not yet valid", 2000],
] as const) {
  test(`stores a certificate that is ${when} by this machine's clock, and says so`, async (t) => {
    const { identity, lines, files } = anIdentity();
    t.mock.timers.enable({ apis: ["Date"], now: Date.UTC(year) });
    const pem = Buffer.concat([one.cert, one.key]);
    await identity.replaceCertificate(pem);
    assert.deepEqual(readFileSync(files.pem), pem);
    assert.ok(lines.some(({ event }) => event === "identity.certificate.dated"));
  });
}

test("stores a chain, key and certificates in any order", async () => {
  const { identity, files } = anIdentity();
  for (const pem of [
    Buffer.concat([one.key, one.cert, other.cert]),
    Buffer.concat([one.cert, other.cert, one.key]),
  ]) {
    await identity.replaceCertificate(pem);
    assert.deepEqual(readFileSync(files.pem), pem);
  }
});

const encryptedKey = execFileSync("openssl", ["pkey", "-aes256", "-passout", "pass:secret"], {
  input: one.key,
});

for (const [what, pem] of [
  ["text", Buffer.from("hello")],
  ["an empty body", Buffer.alloc(0)],
  ["a certificate without a key", one.cert],
  ["a key without a certificate", one.key],
  ["a key that nobody can open", Buffer.concat([one.cert, encryptedKey])],
  ["a key that was cut off", Buffer.concat([one.cert, one.key.subarray(0, 100)])],
  ["a chain that was cut off", Buffer.concat([one.key, one.cert, other.cert.subarray(0, 300)])],
  ["a key that is another certificate's", Buffer.concat([one.cert, other.key])],
] as const) {
  test(`refuses ${what} and keeps the old certificate`, async () => {
    const { identity, calls, files } = anIdentity();
    const before = Buffer.concat([one.cert, one.key]);
    await replaceFile(files.pem, before, 0o600);
    await assert.rejects(identity.replaceCertificate(pem), (error: unknown) => {
      assert.ok(error instanceof AgentError);
      assert.equal(error.status, 400);
      return true;
    });
    assert.deepEqual(readFileSync(files.pem), before);
    assert.deepEqual(calls, []);
  });
}

test("applies mutable options of a new configuration at once", async () => {
  const { identity, config, calls, files } = anIdentity();
  const text = `[amphora_agent]\nagent_server_cert = ${files.pem}\n[health_manager]\nheartbeat_interval = 3\n`;
  await identity.replaceConfig(Buffer.from(text));
  assert.equal(config.current.heartbeatIntervalSeconds, 3);
  assert.equal(readFileSync(files.config, "utf8"), text);
  assert.deepEqual(calls, ["config"]);
});

test("refuses a configuration that does not parse and keeps the old one, on disk too", async () => {
  const { identity, config, calls, files } = anIdentity();
  await replaceFile(files.config, "[DEFAULT]\n", 0o600);
  await assert.rejects(
    identity.replaceConfig(Buffer.from("[health_manager]\nheartbeat_interval = soon\n")),
    (error: unknown) =>
      error instanceof AgentError &&
      error.status === 500 &&
      error.message === "Unable to update amphora-agent configuration." &&
      error.details?.includes("expected a whole number") === true,
  );
  assert.equal(config.current.heartbeatIntervalSeconds, 10);
  assert.equal(readFileSync(files.config, "utf8"), "[DEFAULT]\n");
  assert.deepEqual(calls, []);
});
