/** The real daemon on this (throwaway) host, with fresh certificates, and a controller's client of it. */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { type ApiClient, apiClient } from "./api-client.ts";
import { type KeyType, type TestAuthority, type TestIdentity, TlsIdentities } from "./tls-identities.ts";

export interface Daemon extends AsyncDisposable {
  readonly pid: number;
  readonly client: ApiClient;
  readonly identities: TlsIdentities;
  /** The client's own key and certificate. */
  readonly controller: TestIdentity;
  /** Signs what a client accepts as the daemon's certificate. */
  readonly serverAuthority: TestAuthority;
  readonly configFile: string;
  /** Moments at which heartbeats came in, in milliseconds of `performance.now()`. */
  readonly heartbeats: readonly number[];
  /** Log lines so far. */
  lines(): Record<string, unknown>[];
  /** Resident memory, in bytes. */
  memory(): Promise<number>;
  /** Ends the process as a crash would, and waits until it is gone. */
  kill(): Promise<void>;
  /** Starts it again on what is on disk, and waits until it answers. */
  start(): Promise<void>;
}

const MAIN = new URL("../../agent/cli/main.ts", import.meta.url).pathname;
const PORT = 9443;
const START_TIMEOUT_MS = 15_000;
const CONFIG_FILE = "/etc/octavia/amphora-agent.conf";
export const HEARTBEAT_INTERVAL_MS = 1_000;

/**
 * Starts the daemon as its service does, and waits until it answers.
 * @param keyType - of both sides' certificates; controllers make `rsa`, `ec` is for many connections
 * @param program - this checkout's, unless given
 */
export async function startDaemon(
  keyType: KeyType = "rsa",
  program: readonly [string, ...string[]] = [process.execPath, MAIN, "agent"],
): Promise<Daemon> {
  await using resources = new AsyncDisposableStack();
  const identities = resources.use(await TlsIdentities.create());
  const [authority, servers] = await Promise.all([
    identities.authority("ca"),
    identities.authority("server-ca"),
  ]);
  const [controller, server] = await Promise.all([
    authority.issue("controller", keyType),
    servers.issue("amphora", keyType),
  ]);
  await mkdir("/etc/octavia/certs", { recursive: true });
  await writeFile("/etc/octavia/certs/server.pem", server.pem, { mode: 0o600 });
  await writeFile("/etc/octavia/certs/client_ca.pem", authority.ca);
  const receiver = resources.adopt(await udpReceiver(), (socket) => void socket.close());
  const heartbeats: number[] = [];
  receiver.on("message", () => heartbeats.push(performance.now()));
  await writeFile(CONFIG_FILE, configText(receiver.address().port), { mode: 0o600 });

  let output = "";
  const spawnDaemon = () => {
    const spawned = spawn(program[0], [...program.slice(1), "--config-file", CONFIG_FILE], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    spawned.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    return spawned;
  };
  let child = spawnDaemon();
  resources.defer(() => end(child));
  const client = apiClient(PORT, controller, servers.ca, "127.0.0.1");
  await answering(client, child);
  const owned = resources.move();
  return {
    get pid() {
      return child.pid ?? 0;
    },
    client,
    identities,
    controller,
    serverAuthority: servers,
    configFile: CONFIG_FILE,
    heartbeats,
    lines: () => parseLines(output),
    memory: () => residentBytes(child.pid ?? 0),
    kill: () => end(child, "SIGKILL"),
    start: async () => {
      child = spawnDaemon();
      await answering(client, child);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function configText(controllerPort: number): string {
  return `[haproxy_amphora]
bind_host = ::
bind_port = ${PORT}
[health_manager]
controller_ip_port_list = 127.0.0.1:${controllerPort}
heartbeat_interval = ${HEARTBEAT_INTERVAL_MS / 1_000}
heartbeat_key = insecure
[amphora_agent]
amphora_id = 1f7e8c4d-94ad-4ac2-a4d7-cd4ce7f95c61
agent_server_network_dir = /etc/octavia/interfaces/
`;
}

async function udpReceiver(): Promise<Socket> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

async function answering(client: ApiClient, child: ChildProcess): Promise<void> {
  const end = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the daemon ended with exit code ${child.exitCode}`);
    try {
      if ((await client.ask("GET", "/")).status === 200) return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await delay(50);
  }
}

function parseLines(output: string): Record<string, unknown>[] {
  const complete = output.slice(0, output.lastIndexOf("\n") + 1);
  return (
    complete
      .split("\n")
      // A killed daemon may leave half a line.
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  );
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
}

async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}
