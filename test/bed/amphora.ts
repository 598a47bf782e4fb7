/** What makes a bed's machine an amphora: packages, the agent from this checkout, its certificates and configuration. */
import { dirname, join } from "node:path";
import { TlsIdentities } from "../integration/tls-identities.ts";
import { host } from "./host.ts";
import type { Machine } from "./machine.ts";
import type { TreeSpec } from "./tree.ts";

export const AGENT_UNIT = "amphora-agent.service";
const INSTALLED = "/opt/amphora-agent";
/** What others find on the path (docs/contract/rest-api.md, 4.3). */
const PROGRAMS = ["amphora-interface", "haproxy-vrrp-check", "amphora-health-checker"];
const ROOT = join(import.meta.dirname, "../..");
/** Programs that an image has beside the agent. */
export const ELEMENT = join(ROOT, "elements/amphora-agent/static/usr/local/bin");

/** Everything that an image has besides the agent itself. */
export const AMPHORA_TREE = {
  packages: [
    "haproxy",
    "keepalived",
    "ipvsadm",
    "nftables",
    "iputils-arping",
    "libatomic1",
    "libstdc++6",
    "dbus",
    "rsyslog",
  ],
  masked: ["haproxy.service", "keepalived.service"],
} as const satisfies TreeSpec;

/** Keys and certificates of one amphora and its controller, as both ends hold them. */
export interface AmphoraIdentities {
  readonly amphoraId: string;
  readonly server: Buffer;
  readonly client: Buffer;
  /** Issuer of both. */
  readonly authority: Buffer;
}

export async function createIdentities(amphoraId: string): Promise<AmphoraIdentities> {
  await using identities = await TlsIdentities.create();
  const authority = await identities.authority("bed");
  const server = await authority.issue(amphoraId, "rsa");
  const client = await authority.issue("controller", "rsa");
  return { amphoraId, server: server.pem, client: client.pem, authority: authority.ca };
}

export interface AgentSettings {
  readonly identities: AmphoraIdentities;
  /** `address:port` that takes heartbeats. */
  readonly controller: string;
  readonly heartbeatSeconds: number;
  /** SINGLE unless given. */
  readonly topology?: "SINGLE" | "ACTIVE_STANDBY";
}

/** Writes configuration and certificates. */
export async function configureAgent(machine: Machine, settings: AgentSettings): Promise<void> {
  const { identities } = settings;
  await machine.write("/etc/octavia/certs/server.pem", identities.server, 0o600);
  await machine.write("/etc/octavia/certs/client_ca.pem", identities.authority, 0o600);
  await machine.write("/etc/octavia/amphora-agent.conf", configuration(settings), 0o600);
}

/**
 * Puts an agent's unit into the machine, and what its surroundings offer in an image.
 * @param command - of the agent, up to `--config-file`
 */
export async function installUnit(machine: Machine, command: string): Promise<void> {
  await machine.write("/var/lib/octavia/haproxy-default-user-group.conf", "global\n    group nogroup\n");
  await machine.write("/etc/tmpfiles.d/octavia.conf", "d /run/rsyslog/octavia\n");
  await machine.write("/etc/rsyslog.d/octavia.conf", SYSLOG);
  await machine.write("/etc/sysctl.d/90-octavia.conf", SYSCTL);
  await machine.exec("systemd-tmpfiles", ["--create", "octavia.conf"]);
  await machine.exec("systemctl", ["restart", "rsyslog.service"]);
  await machine.write(`/etc/systemd/system/${AGENT_UNIT}`, unit(command));
  await machine.exec("systemctl", ["daemon-reload"]);
}

/** Bundles this checkout's program if any source is newer than its bundle. */
export async function buildProgram(): Promise<void> {
  const script = '. "$0/scripts/lib.sh"; PATH=$1:$PATH build_if_stale';
  await host("bash", ["-euo", "pipefail", "-c", script, ROOT, dirname(process.execPath)], {
    timeoutMs: 300_000,
  });
}

/**
 * Copies this checkout's build into the machine, with a copy of Node: pages shared with a Node outside
 * would count half in its memory.
 * @returns the agent's command, for `installUnit`
 */
export async function installProgram(machine: Machine): Promise<string> {
  await machine.copyIn(process.execPath, "/usr/local/bin/node");
  for (const part of ["dist", "templates", "package.json"]) {
    await machine.copyIn(join(ROOT, part), `${INSTALLED}/${part}`, isOfProgram);
  }
  await machine.copyIn(ELEMENT, "/usr/local/bin");
  for (const name of PROGRAMS) {
    await machine.exec("ln", ["-s", `${INSTALLED}/dist/${name}`, `/usr/local/bin/${name}`]);
  }
  await machine.exec("ln", ["-s", `${INSTALLED}/dist/amphora.js`, "/usr/local/bin/amphora"]);
  return `${INSTALLED}/dist/amphora-agent`;
}

/** The single executable and images are built into `dist` too, and are larger than a machine's disk may be. */
function isOfProgram(path: string): boolean {
  return path !== join(ROOT, "dist/binary") && !path.includes(".qcow2");
}

/** A standby's HAProxy listens on a VIP that is not there yet. */
const SYSCTL = `net.ipv4.ip_nonlocal_bind = 1
net.ipv6.ip_nonlocal_bind = 1
`;

/** The socket that HAProxy and agents log to. */
const SYSLOG = `input(type="imuxsock" Socket="/run/rsyslog/octavia/log" CreatePath="on")
`;

function unit(command: string): string {
  return `[Unit]
Description=Amphora Agent
StartLimitIntervalSec=0
[Service]
Type=simple
ExecStart=${command} --config-file /etc/octavia/amphora-agent.conf
KillMode=mixed
Restart=always
RestartSec=1
OOMScoreAdjust=-500
[Install]
WantedBy=multi-user.target
`;
}

/** The configuration as controllers generate it. */
export function configuration({
  identities,
  controller,
  heartbeatSeconds,
  topology = "SINGLE",
}: AgentSettings): string {
  return `[DEFAULT]
debug = False
use_syslog = True
[haproxy_amphora]
base_path = /var/lib/octavia
base_cert_dir = /var/lib/octavia/certs
bind_host = ::
bind_port = 9443
haproxy_cmd = /usr/sbin/haproxy
[health_manager]
controller_ip_port_list = ${controller}
heartbeat_interval = ${heartbeatSeconds}
heartbeat_key = bed
[amphora_agent]
agent_server_ca = /etc/octavia/certs/client_ca.pem
agent_server_cert = /etc/octavia/certs/server.pem
agent_server_network_dir = /etc/octavia/interfaces/
agent_request_read_timeout = 180
amphora_id = ${identities.amphoraId}
amphora_udp_driver = keepalived_lvs
[controller_worker]
loadbalancer_topology = ${topology}
`;
}
