/**
 * A process of its own that loads a load balancer, and another one that answers as its members do. It is told what to
 * do with its arguments, says "ready", and tells what it has seen when it is told to stop.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage } from "node:http";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

export interface Seen {
  readonly answered: number;
  readonly seconds: number;
  /** By what happened. */
  readonly failures: Readonly<Record<string, number>>;
  /** Streams that are still open. */
  readonly streams: number;
}

export interface Load {
  /** Requests answered so far, asked of the process. */
  seen(): Promise<Seen>;
  stop(): Promise<Seen>;
}

const SELF = new URL(import.meta.url).pathname;
const REQUEST_TIMEOUT_MS = 10_000;
const STREAM_PAUSE_MS = 100;

/** Members on every address of this host, at one port: `/stream` never ends. */
export async function startMembers(port: number): Promise<ChildProcess> {
  return started(["members", String(port)]);
}

/** @param streams - long-lived connections, to a listener of their own */
export async function startLoad(
  host: string,
  {
    keepAlive,
    fresh,
    streams,
  }: { readonly keepAlive: number; readonly fresh: number; readonly streams: number },
): Promise<Load> {
  const child = await started(["load", host, String(keepAlive), String(fresh), String(streams)]);
  const ask = async (word: string): Promise<Seen> => {
    child.send(word);
    const [seen] = (await once(child, "message")) as [Seen];
    return seen;
  };
  return {
    seen: () => ask("tell"),
    stop: async () => {
      const seen = await ask("stop");
      child.kill();
      return seen;
    },
  };
}

async function started(args: readonly string[]): Promise<ChildProcess> {
  const child = fork(SELF, args, { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  await once(child, "message");
  return child;
}

function serve(port: number): void {
  const server = createServer((request, response) => {
    if (request.url !== "/stream") {
      response.end("member");
      return;
    }
    const timer = setInterval(() => response.write("."), STREAM_PAUSE_MS);
    response.on("close", () => clearInterval(timer));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(port, "::", () => process.send?.("ready"));
}

class Client {
  readonly #host: string;
  readonly #failures = new Map<string, number>();
  readonly #startedAt = performance.now();
  #answered = 0;
  #streams = 0;
  #isOver = false;

  constructor(host: string) {
    this.#host = host;
  }

  get seen(): Seen {
    return {
      answered: this.#answered,
      seconds: (performance.now() - this.#startedAt) / 1_000,
      failures: Object.fromEntries(this.#failures),
      streams: this.#streams,
    };
  }

  async lane(agent: Agent | false): Promise<void> {
    while (!this.#isOver) {
      try {
        const response = await this.#request(80, "/", agent);
        response.resume();
        await once(response, "end");
        if (response.statusCode === 200) this.#answered += 1;
        else this.#fails(`status ${response.statusCode}`);
      } catch (error) {
        this.#fails(`${agent ? "kept" : "new"} connection: ${String(error)}`);
      }
      await sleep(1);
    }
  }

  async stream(): Promise<void> {
    const response = await this.#request(81, "/stream", false);
    this.#streams += 1;
    response.resume();
    response.on("close", () => {
      this.#streams -= 1;
    });
    response.on("error", (error) => this.#fails(`stream: ${String(error)}`));
  }

  stop(): Seen {
    this.#isOver = true;
    return this.seen;
  }

  #request(port: number, path: string, agent: Agent | false): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const call = get({ host: this.#host, port, path, agent }, resolve);
      if (path === "/") call.setTimeout(REQUEST_TIMEOUT_MS, () => call.destroy(new Error("no answer")));
      call.on("error", reject);
    });
  }

  #fails(how: string): void {
    this.#failures.set(how, (this.#failures.get(how) ?? 0) + 1);
  }
}

async function load(host: string, keepAlive: number, fresh: number, streams: number): Promise<void> {
  const client = new Client(host);
  await Promise.all(Array.from({ length: streams }, () => client.stream()));
  for (let lane = 0; lane < keepAlive; lane += 1)
    void client.lane(new Agent({ keepAlive: true, maxSockets: 1 }));
  for (let lane = 0; lane < fresh; lane += 1) void client.lane(false);
  process.on("message", (word) => process.send?.(word === "stop" ? client.stop() : client.seen));
  process.send?.("ready");
}

if (process.argv[1] === SELF) {
  const [, , role, ...args] = process.argv;
  const numbers = args.slice(1).map(Number);
  if (role === "members") serve(Number(args[0]));
  if (role === "load") await load(args[0] ?? "", numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0);
}
