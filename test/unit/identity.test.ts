import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pino } from "pino";
import { parseConfig } from "../../agent/config/config-parse.ts";
import { ConfigInForce } from "../../agent/config/load.ts";
import { AgentError } from "../../agent/errors.ts";
import { createIdentity } from "../../agent/identity.ts";
import { Exclusive } from "../../agent/supervisor/exclusive.ts";
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

function anIdentity(others: string[] = []) {
  const files = { config: join(directory, "agent.conf"), pem: join(directory, "server.pem") };
  const text = `[amphora_agent]\namphora_id = amphora-1\nagent_server_cert = ${files.pem}\n`;
  const { config: parsed } = parseConfig([{ path: files.config, text }], files.config);
  const config = new ConfigInForce({ config: parsed, others });
  const calls: string[] = [];
  const lines: LogLine[] = [];
  const identity = createIdentity({
    config,
    replaceFile,
    exclusive: new Exclusive(),
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

const AGENT = "[amphora_agent]\namphora_id = amphora-1\n";

test("applies mutable options of a new configuration at once, and says which ones wait", async () => {
  const { identity, config, calls, lines, files } = anIdentity();
  const text = `[DEFAULT]
debug = True
[haproxy_amphora]
bind_port = 9444
[health_manager]
heartbeat_interval = 3
heartbeat_key = new
controller_ip_port_list = 192.0.2.1:5555, 192.0.2.2:5555
[controller_worker]
loadbalancer_topology = ACTIVE_STANDBY
${AGENT}agent_server_cert = ${files.pem}
`;
  const before = config.current;
  await identity.replaceConfig(Buffer.from(text));
  assert.deepEqual(config.current, {
    ...before,
    debug: true,
    heartbeatIntervalSeconds: 3,
    heartbeatKey: "new",
    controllerIpPortList: ["192.0.2.1:5555", "192.0.2.2:5555"],
    topology: "ACTIVE_STANDBY",
  });
  assert.equal(readFileSync(files.config, "utf8"), text);
  assert.equal(statSync(files.config).mode & 0o777, 0o600);
  assert.deepEqual(calls, ["config"]);
  assert.deepEqual(lines.find(({ event }) => event === "config.option.waiting")?.options, ["bind_port"]);
});

for (const [what, text, reason] of [
  ["a value that does not parse", "[health_manager]\nheartbeat_interval = soon\n", /expected a whole number/],
  ["no section or option", "<html>\n", /line 1/],
  ["no amphora id, without which no agent starts", "[DEFAULT]\n", /amphora_id is missing/],
  ["nothing at all", "", /amphora_id is missing/],
  ["bytes that are not UTF-8", Buffer.from([0xff, 0xfe]), /UTF-8|utf-8/],
] as const) {
  test(`refuses a configuration with ${what} and keeps the old one, on disk too`, async () => {
    const { identity, config, calls, files } = anIdentity();
    const before = config.current;
    await replaceFile(files.config, AGENT, 0o600);
    await assert.rejects(identity.replaceConfig(Buffer.from(text)), (error: unknown) => {
      assert.ok(error instanceof AgentError);
      assert.equal(error.status, 500);
      assert.equal(error.message, "Unable to update amphora-agent configuration.");
      assert.match(error.details ?? "", reason);
      return true;
    });
    assert.equal(config.current, before);
    assert.equal(readFileSync(files.config, "utf8"), AGENT);
    assert.deepEqual(calls, []);
  });
}

test("a new configuration is read beside the other files that the agent was started with", async () => {
  const other = join(directory, "octavia.conf");
  await replaceFile(other, "[health_manager]\nheartbeat_key = shared\nheartbeat_interval = 7\n", 0o600);
  const { identity, config } = anIdentity([other]);
  await identity.replaceConfig(Buffer.from(`${AGENT}[health_manager]\nheartbeat_interval = 3\n`));
  const { heartbeatKey, heartbeatIntervalSeconds } = config.current;
  assert.deepEqual([heartbeatKey, heartbeatIntervalSeconds], ["shared", 3]);
});

test("of configurations that arrive together the last one is on disk and in force", async () => {
  const { identity, config, files } = anIdentity();
  const intervals = Array.from({ length: 20 }, (_, index) => index + 1);
  await Promise.all(
    intervals.map((interval) =>
      identity.replaceConfig(Buffer.from(`${AGENT}[health_manager]\nheartbeat_interval = ${interval}\n`)),
    ),
  );
  assert.equal(config.current.heartbeatIntervalSeconds, 20);
  assert.match(readFileSync(files.config, "utf8"), /= 20$/m);
});
