import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeMutable, parseConfig } from "../../../agent/config/config-parse.ts";
import { AgentError } from "../../../agent/errors.ts";

const FILE = "/etc/octavia/amphora-agent.conf";
const parse = (...texts: string[]) =>
  parseConfig(
    texts.map((text) => ({ path: FILE, text })),
    FILE,
  );

/** As a controller of the Zed release writes it. */
const GENERATED = `[DEFAULT]
debug = False
use_syslog = True
syslog_log_facility = LOG_LOCAL3

[haproxy_amphora]
base_cert_dir = /var/lib/octavia/certs
base_path = /var/lib/octavia
bind_host = ::
bind_port = 9443
haproxy_cmd = /usr/sbin/haproxy
respawn_count = 2
respawn_interval = 2
use_upstart = True
user_log_facility = 4
administrative_log_facility = 3

[health_manager]
controller_ip_port_list = 192.0.2.1:5555, [2001:db8::1]:5555
heartbeat_interval = 7
heartbeat_key = insecure

[amphora_agent]
agent_server_ca = /etc/octavia/certs/client_ca.pem
agent_server_cert = /etc/octavia/certs/server.pem
agent_request_read_timeout = 180
amphora_id = 0a1b2c3d-0000-4000-8000-000000000001
amphora_udp_driver = keepalived_lvs
agent_tls_protocol = TLSv1.2

[controller_worker]
loadbalancer_topology = ACTIVE_STANDBY
`;

test("reads the file that a controller generates, without a warning", () => {
  const { config, warnings } = parse(GENERATED);
  assert.deepEqual(warnings, []);
  assert.equal(config.file, FILE);
  assert.equal(config.useSyslog, true);
  assert.deepEqual(config.controllerIpPortList, ["192.0.2.1:5555", "[2001:db8::1]:5555"]);
  assert.equal(config.heartbeatIntervalSeconds, 7);
  assert.equal(config.heartbeatKey, "insecure");
  assert.equal(config.amphoraId, "0a1b2c3d-0000-4000-8000-000000000001");
  assert.equal(config.topology, "ACTIVE_STANDBY");
  assert.equal(config.administrativeLogFacility, 3);
  assert.equal(config.userLogFacility, 4);
});

test("has the contract's defaults without any file", () => {
  const { config } = parse();
  assert.equal(config.basePath, "/var/lib/octavia");
  assert.equal(config.bindHost, "::");
  assert.equal(config.bindPort, 9443);
  assert.equal(config.heartbeatIntervalSeconds, 10);
  assert.equal(config.heartbeatKey, undefined);
  assert.equal(config.agentTlsProtocol, "TLSv1.2");
  assert.equal(config.topology, "SINGLE");
});

test("prefers the log facilities of [amphora_agent]", () => {
  const text = "[haproxy_amphora]\nuser_log_facility = 2\n[amphora_agent]\nuser_log_facility = 5\n";
  assert.equal(parse(text).config.userLogFacility, 5);
});

test("lets a later file and a later line win", () => {
  const { config } = parse(
    "[haproxy_amphora]\nbind_port = 1\nbind_port = 2",
    "[haproxy_amphora]\nbind-port = 3",
  );
  assert.equal(config.bindPort, 3);
});

test("warns of an unknown option, with the nearest known one", () => {
  const { warnings } = parse("[health_manager]\nheartbeat_intervall = 3\n[elsewhere]\nzzz = 1\n");
  assert.deepEqual(warnings, [
    `${FILE}, line 2: [health_manager] heartbeat_intervall is unknown and ignored; the nearest known one is [health_manager] heartbeat_interval`,
    `${FILE}, line 4: [elsewhere] zzz is unknown and ignored`,
  ]);
});

test("follows $name and $$ as oslo.config does", () => {
  const text =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: oslo.config's own syntax
    "[DEFAULT]\nplace = /srv\n[haproxy_amphora]\nbase_path = $place/lb\nbase_cert_dir = ${haproxy_amphora.base_path}/c\n[health_manager]\nheartbeat_key = a$$b";
  const { config } = parse(text);
  assert.equal(config.basePath, "/srv/lb");
  assert.equal(config.baseCertDir, "/srv/lb/c");
  assert.equal(config.heartbeatKey, "a$b");
});

for (const [line, expected] of [
  ["[haproxy_amphora]\nbind_port = http", 'bind_port: expected a whole number from 0 to 65535, found "http"'],
  ["[haproxy_amphora]\nbind_port = 65536", "bind_port: expected a whole number from 0 to 65535"],
  ["[haproxy_amphora]\nbind_host = nowhere", "bind_host: expected an IPv4 or IPv6 address"],
  ["[haproxy_amphora]\nbase_path = lib", "base_path: expected an absolute path"],
  ["[DEFAULT]\ndebug = maybe", "debug: expected True or False"],
  ["[health_manager]\nheartbeat_interval = 0", "heartbeat_interval: expected a whole number from 1 to 86400"],
  ["[health_manager]\nheartbeat_interval = 1.5", "heartbeat_interval: expected a whole number"],
  [
    "[amphora_agent]\nagent_tls_protocol = SSLv3",
    "agent_tls_protocol: expected one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3",
  ],
  [
    "[controller_worker]\nloadbalancer_topology = single",
    "loadbalancer_topology: expected one of SINGLE, ACTIVE_STANDBY",
  ],
  ["[health_manager]\nheartbeat_key = a$b", "heartbeat_key: expected an option of this file after $"],
] as const) {
  test(`names file, line, option and what was expected: ${line.replace("\n", " ")}`, () => {
    assert.throws(
      () => parse(line),
      (error: unknown) => {
        assert.ok(error instanceof AgentError);
        assert.ok(error.message.startsWith(`${FILE}, line 2: [`), error.message);
        assert.ok(error.message.includes(expected), error.message);
        return true;
      },
    );
  });
}

test("takes over mutable options and names those that wait for a restart", () => {
  const current = parse("[health_manager]\nheartbeat_key = old\n[haproxy_amphora]\nbind_port = 1").config;
  const next = parse("[health_manager]\nheartbeat_key = new\n[haproxy_amphora]\nbind_port = 2").config;
  const { config, waiting } = mergeMutable(current, next);
  assert.equal(config.heartbeatKey, "new");
  assert.equal(config.bindPort, 1);
  assert.deepEqual(waiting, ["bind_port"]);
});
