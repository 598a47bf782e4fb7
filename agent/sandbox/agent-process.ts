/** The real agent as a child process, with a configuration as a controller writes it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ownProgram } from "../package-files.ts";
import type { OnLost } from "./actors.ts";
import type { Identity } from "./identity.ts";
import {
  AGENT_CONFIG_FILE,
  AMPHORA_ID,
  API_PORT,
  CLIENT_CA_FILE,
  HEARTBEAT_INTERVAL_SECONDS,
  HEARTBEAT_KEY,
  HEARTBEAT_PORT,
  SERVER_PEM_FILE,
} from "./scene.ts";

export interface AgentProcess {
  readonly pid: number;
  /** When it was started, in milliseconds of `performance.now()`. */
  readonly startedAt: number;
  /** Asks it to end, and makes it end when it does not. */
  stop(): Promise<void>;
}

const LOG_FILE = "/run/amphora-agent.log";
const STOP_TIMEOUT_MS = 5_000;
const SECRET = { mode: 0o600 };

const CONFIG = `[DEFAULT]
debug = False
[haproxy_amphora]
base_path = /var/lib/octavia
base_cert_dir = /var/lib/octavia/certs
bind_host = ::
bind_port = ${API_PORT}
haproxy_cmd = /usr/sbin/haproxy
[health_manager]
controller_ip_port_list = 127.0.0.1:${HEARTBEAT_PORT}
heartbeat_interval = ${HEARTBEAT_INTERVAL_SECONDS}
heartbeat_key = ${HEARTBEAT_KEY}
[amphora_agent]
agent_server_ca = ${CLIENT_CA_FILE}
agent_server_cert = ${SERVER_PEM_FILE}
agent_server_network_dir = /etc/octavia/interfaces/
agent_request_read_timeout = 180
agent_tls_protocol = TLSv1.2
amphora_id = ${AMPHORA_ID}
amphora_udp_driver = keepalived_lvs
[controller_worker]
loadbalancer_topology = SINGLE
`;

/** What cloud-init would write to a new amphora's disk. */
export async function writeAgentFiles(identity: Identity): Promise<void> {
  await mkdir(dirname(SERVER_PEM_FILE), { recursive: true });
  await writeFile(SERVER_PEM_FILE, `${identity.key.trim()}\n${identity.certificate}`, SECRET);
  await writeFile(CLIENT_CA_FILE, identity.certificate, SECRET);
  await writeFile(AGENT_CONFIG_FILE, CONFIG, SECRET);
}

/** Starts the agent; its log goes to a file that `agentLogTail` reads. */
export async function startAgent(lost: OnLost): Promise<AgentProcess> {
  await using log = await open(LOG_FILE, "a", 0o600);
  const [program = "", ...words] = [...ownProgram(), "agent", "--config-file", AGENT_CONFIG_FILE];
  const startedAt = performance.now();
  const child = spawn(program, words, { stdio: ["ignore", log.fd, log.fd] });
  let expected = false;
  const gone = once(child, "exit").then(([code, signal]: unknown[]) => {
    if (!expected) lost(new Error(`the agent ended by itself (${String(signal ?? `exit code ${code}`)})`));
  });
  if (child.pid === undefined) await gone;
  return {
    pid: child.pid ?? 0,
    startedAt,
    stop: async () => {
      expected = true;
      child.kill("SIGTERM");
      const late = sleep(STOP_TIMEOUT_MS, false, { ref: false });
      const ended = await Promise.race([gone.then(() => true), late]);
      if (!ended) child.kill("SIGKILL");
      await gone;
    },
  };
}

/** The agent's last log lines, oldest first. */
export async function agentLogTail(count: number): Promise<readonly string[]> {
  const text = await readFile(LOG_FILE, "utf8");
  return text.trimEnd().split("\n").slice(-count);
}
