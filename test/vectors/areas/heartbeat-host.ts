/** A small amphora in a temporary directory: real files and sockets around the code that production runs. */
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pino } from "pino";
import { openEnvelope } from "../../../agent/heartbeat/envelope.ts";
import { parseExact } from "../../../agent/heartbeat/exact-json.ts";
import type { SendSignal } from "../../../agent/heartbeat/guard.ts";
import { withLvs } from "../../../agent/heartbeat/lvs-source.ts";
import { Round } from "../../../agent/heartbeat/round.ts";
import { createStatsReader } from "../../../agent/loadbalancer/read-stats.ts";
import { STATES_COMMAND } from "../../../agent/loadbalancer/server-states.ts";
import { createKernelReader } from "../../../agent/lvs/read-kernel.ts";
import { LvsStatistics } from "../../../agent/lvs/read-statistics.ts";
import { systemClock } from "../../../agent/system/clock.ts";
import { namesIn } from "../../../agent/system/files.ts";

export interface GoldenLoadBalancer {
  readonly id: string;
  readonly running: boolean;
  readonly stats_socket: "ok" | "unreachable";
  readonly replies?: Readonly<Record<string, string>>;
}

export interface GoldenLvs {
  readonly listeners?: readonly {
    readonly id: string;
    readonly conf: string;
    readonly running: boolean;
    readonly conf_newer_than_checker: boolean;
  }[];
  /** What programs inside the namespace print; one that is missing here fails. */
  readonly commands?: Readonly<Record<string, string>>;
}

interface Sent {
  readonly message: unknown;
  readonly destination: readonly [string, number];
}

const KEY = "insecure";
/** Its readings end long before its rounds stop waiting for them. */
const INTERVAL_SECONDS = 60;
const LVS_FILE = "lvs/octavia-keepalivedlvs-";
/** Seconds since the epoch; only which of two is later matters. */
const EARLIER = 1_000_000;
const LATER = 2_000_000;

export class GoldenHost implements AsyncDisposable {
  readonly base: string;
  readonly #servers: Server[] = [];
  readonly #present: string[] = [];
  #commands: Readonly<Record<string, string>> = {};

  static async create(): Promise<GoldenHost> {
    return new GoldenHost(await mkdtemp(join(tmpdir(), "heartbeat-")));
  }

  constructor(base: string) {
    this.base = base;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.setLoadBalancers([]);
    await rm(this.base, { recursive: true });
  }

  /** Replaces the load balancers of the round before. */
  async setLoadBalancers(loadBalancers: readonly GoldenLoadBalancer[]): Promise<void> {
    await Promise.all(this.#servers.splice(0).map(closeServer));
    for (const id of this.#present.splice(0)) await rm(join(this.base, id), { recursive: true });
    for (const loadBalancer of loadBalancers) await this.#add(loadBalancer);
  }

  async #add({ id, running, stats_socket, replies = {} }: GoldenLoadBalancer): Promise<void> {
    await this.write(`${id}/haproxy.cfg`, "# only its presence counts\n");
    // Our own process stands for HAProxy's.
    if (running) await this.write(`${id}/${id}.pid`, `${process.pid}\n`);
    this.#present.push(id);
    // A HAProxy that does not run answers no socket.
    if (running && stats_socket === "ok")
      this.#servers.push(await answer(`${this.base}/${id}.sock`, replies));
  }

  /** Replaces the LVS listeners of the round before. */
  async setLvs({ listeners = [], commands = {} }: GoldenLvs = {}): Promise<void> {
    await rm(join(this.base, "lvs"), { recursive: true, force: true });
    this.#commands = commands;
    for (const { id, conf, running, conf_newer_than_checker } of listeners) {
      await this.write(`${LVS_FILE}${id}.conf`, conf);
      if (!running) continue;
      for (const file of [`${id}.pid`, `${id}.check.pid`])
        await this.write(LVS_FILE + file, `${process.pid}\n`);
      await this.#date(`${LVS_FILE}${id}.conf`, conf_newer_than_checker ? LATER : EARLIER);
      await this.#date(`${LVS_FILE}${id}.check.pid`, conf_newer_than_checker ? EARLIER : LATER);
    }
  }

  async #date(path: string, seconds: number): Promise<void> {
    await utimes(join(this.base, path), seconds, seconds);
  }

  /** The production reader; the namespace's programs are stood in for, and no process of ours lives in it. */
  #lvsStatistics(): LvsStatistics {
    const readKernel = createKernelReader(
      async (_nsenter, [, , ...command]) => {
        const output = this.#commands[command.join(" ")];
        if (output === undefined) throw new Error(`no golden output of "${command.join(" ")}"`);
        return output;
      },
      async () => undefined,
    );
    return new LvsStatistics({
      basePath: this.base,
      names: () => namesIn(join(this.base, "lvs")),
      readKernel,
    });
  }

  async write(path: string, text: string): Promise<void> {
    const file = join(this.base, path);
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(file, text);
  }

  async read(path: string): Promise<string | undefined> {
    return await readFile(join(this.base, path), "utf8").catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    });
  }

  /** The production round over this host; only the network and the keepalived process are stood in for. */
  heartbeats(options: {
    readonly amphoraId?: string;
    readonly firstSequence?: number;
    readonly destinations?: () => readonly string[];
    readonly signal?: SendSignal;
  }): { next(): Promise<Sent | undefined>; log(): string } {
    let sent: Sent | undefined;
    const lines: string[] = [];
    const config = () => ({
      amphoraId: options.amphoraId ?? "amphora",
      basePath: this.base,
      controllerIpPortList: options.destinations?.() ?? ["192.0.2.1:5555"],
      heartbeatIntervalSeconds: INTERVAL_SECONDS,
      heartbeatKey: KEY,
    });
    const names = () => namesIn(this.base);
    const round = new Round({
      config,
      stats: withLvs(
        createStatsReader(() => this.base),
        async () => this.#lvsStatistics(),
      ),
      names,
      sender: {
        async send(datagram, address, port) {
          const text = openEnvelope(Buffer.from(datagram), KEY);
          sent = { message: parseExact(text), destination: [address, port] };
        },
        async close() {
          sent = undefined;
        },
      },
      lookup: (host) => Promise.resolve(host),
      signal: options.signal ?? (() => undefined),
      clock: systemClock,
      log: pino({ base: null }, { write: (line: string) => void lines.push(line) }),
      ...(options.firstSequence !== undefined && { firstSequence: options.firstSequence }),
    });
    return {
      next: async () => {
        sent = undefined;
        await round.run();
        return sent;
      },
      log: () => lines.join(""),
    };
  }
}

/** Answers as HAProxy does in a session that shows a prompt: a line at a time, each answer closed by an empty line. */
function answer(path: string, replies: Readonly<Record<string, string>>): Promise<Server> {
  const server = createServer((socket) => {
    server.once("close session", () => socket.destroy());
    createInterface(socket).on("line", (command) => {
      const text = isSetting(command) ? "" : replyTo(command, replies).trim();
      socket.write(text === "" ? "\n> " : `${text}\n\n> `);
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve(server));
  });
}

function isSetting(command: string): boolean {
  return command === "prompt" || command.startsWith("set timeout cli ");
}

function replyTo(command: string, replies: Readonly<Record<string, string>>): string {
  // The golden data says nothing of states. Without them everything is read from statistics.
  if (command === STATES_COMMAND) return "";
  // The golden data holds upstream's question for everything; frontends are all that is read of its answer.
  const reply =
    replies[command] ?? (command === "show stat -1 1 -1" ? replies["show stat -1 -1 -1"] : undefined);
  if (reply === undefined) throw new Error(`no golden reply to "${command}"`);
  return reply;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.emit("close session");
  });
}
