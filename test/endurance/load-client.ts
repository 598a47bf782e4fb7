/**
 * A process of its own that loads a load balancer, and another one that answers as its members do. It is told what to
 * do with its arguments, says "ready", and tells what it has seen when it is told to stop.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect, createServer, type Socket } from "node:net";
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
  /** Opens one more long-lived connection. */
  openStream(): Promise<Seen>;
  stop(): Promise<Seen>;
}

const SELF = new URL(import.meta.url).pathname;
const REQUEST_TIMEOUT_MS = 10_000;
const STREAM_PAUSE_MS = 100;

/** Members on every address of this host, at one port: `/stream` never ends. */
export async function startMembers(port: number): Promise<ChildProcess> {
  return started(["members", String(port)]);
}

export interface LoadOptions {
  /** Clients that keep their connection, and clients with a new one for each request. */
  readonly keepAlive: number;
  readonly fresh: number;
  /** Long-lived connections, to a listener of their own. */
  readonly streams: number;
  /** Requests per second of all clients, as far as they are answered in time. */
  readonly pace: number;
}

export async function startLoad(
  host: string,
  { keepAlive, fresh, streams, pace }: LoadOptions,
): Promise<Load> {
  const child = await started(["load", host, ...[keepAlive, fresh, streams, pace].map(String)]);
  const ask = async (word: string): Promise<Seen> => {
    child.send(word);
    const [seen] = (await once(child, "message")) as [Seen];
    return seen;
  };
  return {
    seen: () => ask("tell"),
    openStream: () => ask("open"),
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

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nmember";
const STREAM_HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/** Of HTTP what the requests of this test need: one that knows more takes the machine from what is tested. */
function serve(port: number): void {
  const server = createServer({ noDelay: true }, (socket) => {
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        if (text.startsWith("GET /stream ")) stream(socket);
        else socket.write(ANSWER);
        text = text.slice(end + 4);
      }
    });
    // HAProxy resets what it has checked.
    socket.on("error", () => socket.destroy());
  });
  server.listen(port, "::", () => process.send?.("ready"));
}

function stream(socket: Socket): void {
  socket.write(STREAM_HEAD);
  const timer = setInterval(() => socket.write("1\r\n.\r\n"), STREAM_PAUSE_MS);
  socket.on("close", () => clearInterval(timer));
}

/** A connection that sends one request after the other. */
class Connection {
  readonly #socket: Socket;
  #text = "";
  #answer: PromiseWithResolvers<boolean> | undefined;
  #isClosed = false;

  constructor(host: string) {
    this.#socket = connect({ host, port: 80, noDelay: true });
    this.#socket.setEncoding("latin1").on("data", (chunk: string) => this.#received(chunk));
    this.#socket.on("error", (error) => this.#answer?.reject(error));
    this.#socket.on("close", () => {
      this.#isClosed = true;
      this.#answer?.reject(new Error("closed before the answer"));
    });
    this.#socket.setTimeout(REQUEST_TIMEOUT_MS, () => this.#socket.destroy(new Error("no answer")));
  }

  /**
   * @returns whether the connection may be used again
   * @throws Error when there is no answer, or another one than the members'
   */
  async request(connection: "keep-alive" | "close"): Promise<boolean> {
    const answer = Promise.withResolvers<boolean>();
    this.#answer = answer;
    if (this.#isClosed) throw new Error("closed between two requests");
    this.#socket.write(`GET / HTTP/1.1\r\nHost: load\r\nConnection: ${connection}\r\n\r\n`);
    return answer.promise;
  }

  close(): void {
    this.#answer = undefined;
    this.#socket.destroy();
  }

  #received(chunk: string): void {
    this.#text += chunk;
    const end = this.#text.indexOf("\r\n\r\n");
    const length = Number(/^content-length: (\d+)/im.exec(this.#text)?.[1] ?? 0);
    if (end < 0 || this.#text.length < end + 4 + length) return;
    const head = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 4 + length);
    if (head.startsWith("HTTP/1.1 200 ")) this.#answer?.resolve(!/^connection: close/im.test(head));
    else this.#answer?.reject(new Error(head.slice(0, head.indexOf("\r"))));
    this.#answer = undefined;
  }
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

  /** @param intervalMs - between the beginnings of two requests */
  async lane(kind: "kept" | "new", intervalMs: number): Promise<void> {
    let connection: Connection | undefined;
    let due = performance.now() + Math.random() * intervalMs;
    while (!this.#isOver) {
      // What was missed while no answer came is not made up for: that would be another load.
      due = Math.max(due + intervalMs, performance.now());
      await sleep(Math.max(1, due - performance.now()));
      connection ??= new Connection(this.#host);
      let isUsable = false;
      try {
        isUsable = await connection.request(kind === "kept" ? "keep-alive" : "close");
        this.#answered += 1;
      } catch (error) {
        this.#fails(`${kind} connection: ${String(error)}`);
      }
      if (!isUsable) {
        connection.close();
        connection = undefined;
      }
    }
  }

  async stream(): Promise<void> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get({ host: this.#host, port: 81, path: "/stream", agent: false }, resolve).on("error", reject);
    });
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

  #fails(how: string): void {
    this.#failures.set(how, (this.#failures.get(how) ?? 0) + 1);
  }
}

async function load(host: string, { keepAlive, fresh, streams, pace }: LoadOptions): Promise<void> {
  const client = new Client(host);
  await Promise.all(Array.from({ length: streams }, () => client.stream()));
  const intervalMs = ((keepAlive + fresh) * 1_000) / pace;
  for (let lane = 0; lane < keepAlive; lane += 1) void client.lane("kept", intervalMs);
  for (let lane = 0; lane < fresh; lane += 1) void client.lane("new", intervalMs);
  const answer = async (word: unknown): Promise<void> => {
    if (word === "open") await client.stream();
    process.send?.(word === "stop" ? client.stop() : client.seen);
  };
  process.on("message", (word) => void answer(word));
  process.send?.("ready");
}

if (process.argv[1] === SELF) {
  const [, , role, ...args] = process.argv;
  const [keepAlive = 0, fresh = 0, streams = 0, pace = 0] = args.slice(1).map(Number);
  if (role === "members") serve(Number(args[0]));
  if (role === "load") await load(args[0] ?? "", { keepAlive, fresh, streams, pace });
}
