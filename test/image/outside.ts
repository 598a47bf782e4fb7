/**
 * The world around an amphora of the image, in this process's own network namespace: cables to its cards, clients and
 * members with addresses of their own. This machine is also the router between their networks.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { host } from "../bed/host.ts";

/** Router of each network, and everybody whose sockets are here. */
const NETWORKS = [
  { tap: "vip", addresses: ["10.1.0.2/24", "fd00:1::2/64"] },
  { tap: "members", addresses: ["10.2.0.2/24", "fd00:2::2/64"] },
  { tap: "peers", addresses: ["10.3.0.2/24", "fd00:3::2/64"] },
] as const;
/** Last parts of clients' addresses in the network of the VIP, and of members' in theirs. */
export const CLIENTS = [101, 102, 103, 104, 105, 106] as const;
const MEMBERS = [11, 12, 13, 14] as const;

export const clientAddress = (family: 4 | 6, number: number) =>
  family === 4 ? `10.1.0.${number}` : `fd00:1::${number}`;
export const memberAddress = (family: 4 | 6, number: number) =>
  family === 4 ? `10.2.0.${number}` : `fd00:2::${number}`;

/** Lays the cables. The namespace takes them away. @throws ExecaError without the right to */
export async function layCables(): Promise<void> {
  const own = {
    vip: CLIENTS.flatMap((n) => [`${clientAddress(4, n)}/24`, `${clientAddress(6, n)}/64`]),
    members: MEMBERS.flatMap((n) => [`${memberAddress(4, n)}/24`, `${memberAddress(6, n)}/64`]),
    peers: [],
  };
  for (const { tap, addresses } of NETWORKS) {
    await host("ip", ["tuntap", "add", "dev", tap, "mode", "tap"]);
    for (const address of [...addresses, ...own[tap]]) {
      await host("ip", ["address", "add", address, "dev", tap, ...(address.includes(":") ? ["nodad"] : [])]);
    }
    // A guest that does not run for a second loses nothing.
    await host("ip", ["link", "set", tap, "txqueuelen", "10000", "up"]);
  }
  await writeFile("/proc/sys/net/ipv4/ip_forward", "1");
  await writeFile("/proc/sys/net/ipv6/conf/all/forwarding", "1");
}

/** What a flow asks when it only wants to know who answers. */
export const QUESTION = "?";

/** A member that sends each datagram back, with its name in front. */
export class EchoMember implements AsyncDisposable {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  #socket: Socket | undefined;

  constructor(name: string, address: string, port: number) {
    this.name = name;
    this.address = address;
    this.port = port;
  }

  async start(): Promise<void> {
    const socket = createSocket(isIPv6(this.address) ? "udp6" : "udp4");
    socket.on("message", (datagram, from) => {
      socket.send(`${this.name} ${datagram}`, from.port, from.address);
    });
    socket.bind(this.port, this.address);
    await once(socket, "listening");
    this.#socket = socket;
  }

  /** From now on its port refuses. */
  async stop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.close();
    await once(socket, "close");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** A flow: one socket of a client. */
export class Flow implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #address: string;
  readonly #port: number;

  private constructor(socket: Socket, address: string, port: number) {
    this.#socket = socket;
    this.#address = address;
    this.#port = port;
    // A member that refuses is told to the client; what counts is who answers.
    socket.on("error", () => undefined);
  }

  static async open(from: string, address: string, port: number): Promise<Flow> {
    const socket = createSocket(isIPv6(from) ? "udp6" : "udp4");
    socket.bind(0, from);
    await once(socket, "listening");
    return new Flow(socket, address, port);
  }

  send(text: string): void {
    this.#socket.send(text, this.#port, this.#address);
  }

  onAnswer(take: (text: string) => void): void {
    this.#socket.on("message", (datagram) => take(String(datagram)));
  }

  /** @returns the name of the member that answers; undefined when none does in that time */
  async ask(limitMs = 2_000): Promise<string | undefined> {
    const signal = AbortSignal.timeout(limitMs);
    const answer = once(this.#socket, "message", { signal });
    this.send(QUESTION);
    try {
      return String((await answer)[0]).split(" ")[0];
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, "close");
  }
}
