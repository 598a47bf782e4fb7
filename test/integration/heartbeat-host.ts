/** For the heartbeat's tests: real HAProxies with many listeners, a health manager's socket, and the agent's sender. */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { openEnvelope } from "../../agent/heartbeat/envelope.ts";
import { sendSignal } from "../../agent/heartbeat/guard.ts";
import { createHeartbeat, type Heartbeat } from "../../agent/heartbeat/heartbeat.ts";
import type { RoundOptions } from "../../agent/heartbeat/round.ts";
import type { HeartbeatConfig, Message } from "../../agent/heartbeat/types.ts";
import { createStatsReader } from "../../agent/loadbalancer/read-stats.ts";
import { systemClock } from "../../agent/system/clock.ts";
import { namesIn } from "../../agent/system/files.ts";
import { createUdpSender } from "../../agent/system/udp.ts";

export async function aBase(): Promise<string> {
  return await mkdtemp("/var/lib/octavia/base-");
}

export async function until(condition: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${condition}`);
    await sleep(10);
  }
}

function uuid(kind: number, number: number): string {
  // As in the field, the ids have nothing in common that could be compressed.
  const digits = BigInt.asUintN(
    128,
    (BigInt(kind * 1_000_003 + number) + 1n) * 0x9e3779b97f4a7c15f39cc0605cedc835n,
  );
  const hex = digits.toString(16).padStart(32, "0");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** One load balancer with a HAProxy of its own; every listener has one pool. */
export class SampleHaproxy implements AsyncDisposable {
  readonly base: string;
  readonly id: string;
  readonly listeners: readonly string[];
  readonly #port: number;
  readonly #members: number;
  #child: ChildProcess | undefined;

  constructor(base: string, shape: { number?: number; listeners?: number; members?: number; port?: number }) {
    const { number = 0, listeners = 1, members = 1, port = 8000 } = shape;
    this.base = base;
    this.id = uuid(0, number);
    this.#port = port;
    this.#members = members;
    this.listeners = Array.from({ length: listeners }, (_, index) => uuid(1, number * 10_000 + index));
  }

  async start(): Promise<void> {
    const directory = join(this.base, this.id);
    const socket = `${this.base}/${this.id}.sock`;
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "haproxy.cfg"), this.#config());
    await rm(socket, { force: true });
    // In the foreground: a daemon that ends would stay on this host as a zombie, as nobody collects it here.
    this.#child = spawn("haproxy", ["-db", "-f", join(directory, "haproxy.cfg")], { stdio: "ignore" });
    await until(() => existsSync(socket));
    await writeFile(join(directory, `${this.id}.pid`), `${this.#child.pid}\n`);
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** One request to the first listener, which answers by itself. */
  async request(): Promise<void> {
    const socket = connect(this.#port, "127.0.0.1");
    socket.end("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    socket.resume();
    await once(socket, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(join(this.base, this.id), { recursive: true });
  }

  #config(): string {
    return [
      "global",
      `    stats socket ${this.base}/${this.id}.sock mode 0666 level user`,
      "    maxconn 100",
      "defaults",
      "    mode http",
      "    timeout connect 1s",
      "    timeout client 5s",
      "    timeout server 5s",
      ...this.listeners.flatMap((listener, index) => this.#listener(listener, index)),
      "",
    ].join("\n");
  }

  #listener(listener: string, index: number): string[] {
    const pool = `${uuid(2, index)}:${listener}`;
    const server = (member: number): string =>
      `    server ${uuid(3, index * 10_000 + member)} 127.1.${member >> 8}.${member & 255}:1`;
    return [
      `frontend ${listener}`,
      `    bind 127.0.0.1:${this.#port + index}`,
      "    http-request return status 200",
      `    default_backend ${pool}`,
      `backend ${pool}`,
      ...Array.from({ length: this.#members }, (_, member) => server(member)),
    ];
  }
}

export interface Received {
  readonly message: Message;
  readonly datagram: Buffer;
  readonly bytes: number;
  readonly atMs: number;
}

/** Receives heartbeats as a health manager does; one with a wrong signature fails the test that waits for it. */
export class HealthManager implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly #socket: Socket;
  key: string;

  private constructor(socket: Socket, key: string) {
    this.#socket = socket;
    this.key = key;
    socket.on("message", (datagram) => {
      const message = JSON.parse(openEnvelope(datagram, this.key)) as Message;
      this.received.push({ message, datagram, bytes: datagram.length, atMs: performance.now() });
    });
  }

  static async listen(address = "127.0.0.1", key = "insecure"): Promise<HealthManager> {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.bind(0, address);
    await once(socket, "listening");
    return new HealthManager(socket, key);
  }

  get entry(): string {
    const { address, port } = this.#socket.address();
    return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  }

  /** The next heartbeats from now on. */
  async next(count = 1, limitMs = 10_000): Promise<Received[]> {
    const begin = this.received.length;
    await until(() => this.received.length >= begin + count, limitMs);
    return this.received.slice(begin, begin + count);
  }

  /** The first heartbeat from now on that is as wanted. */
  async nextWith(isWanted: (message: Message) => boolean): Promise<Message> {
    let at = this.received.length;
    for (;;) {
      await until(() => this.received.length > at);
      const message = this.received[at++]?.message;
      if (message && isWanted(message)) return message;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, "close");
  }
}

export interface Running extends AsyncDisposable {
  readonly heartbeat: Heartbeat;
  /** Log lines so far. */
  readonly log: readonly string[];
  /** May be changed while heartbeats are sent. */
  config: HeartbeatConfig;
}

/** The production heartbeat. */
export function startHeartbeat(
  config: Partial<HeartbeatConfig> & { basePath: string },
  parts: Partial<RoundOptions> = {},
): Running {
  const log: string[] = [];
  const running: Running = {
    config: {
      amphoraId: "amphora",
      controllerIpPortList: [],
      heartbeatIntervalSeconds: 0.3,
      heartbeatKey: "insecure",
      ...config,
    },
    log,
    heartbeat: createHeartbeat({
      config: () => running.config,
      stats: createStatsReader(() => running.config.basePath),
      names: () => namesIn(running.config.basePath),
      sender: createUdpSender(),
      lookup: async (host) => (await lookup(host)).address,
      signal: sendSignal,
      clock: systemClock,
      log: pino({ base: null }, { write: (line: string) => void log.push(line) }),
      ...parts,
    }),
    [Symbol.asyncDispose]: () => running.heartbeat.stop(),
  };
  running.heartbeat.start();
  return running;
}

/** A process that does nothing, as a stand-in for keepalived. */
export async function anIdleProcess(): Promise<{ pid: number; end(): Promise<void> }> {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  await once(child, "spawn");
  return {
    pid: child.pid ?? 0,
    async end() {
      child.kill();
      await once(child, "exit");
    },
  };
}
