/** Heartbeats over reloads: what clients of replaced workers do counts until they leave, and nothing counts twice. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, test } from "node:test";
import { buildMessage } from "../../agent/heartbeat/message.ts";
import type { CounterTable, Message } from "../../agent/heartbeat/types.ts";
import { createStatsReader } from "../../agent/loadbalancer/read-stats.ts";
import { parseOldWorkers } from "../../agent/loadbalancer/runtime/parse-old-workers.ts";
import { ask } from "../../agent/system/unix-socket.ts";
import {
  AMPHORA,
  anAgent,
  BASE,
  controllersConfig,
  filesOf,
  furnish,
  idOf,
  until,
  VIP,
} from "./loadbalancer-host.ts";

const host = await furnish();
const config = await controllersConfig("balance-round-robin");
const id = idOf(config);
const listener = /^frontend (\S+)$/m.exec(config)?.[1] ?? "";
const stats = createStatsReader(() => BASE);
const agent = await anAgent("SINGLE", { stats });
const { loadBalancers } = agent;
after(async () => {
  stats.close();
  await loadBalancers.delete(id);
  await agent.supervisor.close();
  await host[Symbol.asyncDispose]();
});

let table: CounterTable = new Map();
const reported = { rx: 0, tx: 0, totconns: 0 };

/** The next heartbeat, whose figures are added up. */
async function beat(): Promise<Message> {
  const sample = await stats.read(id);
  assert.ok(sample);
  const { message, counters } = buildMessage("amphora", 0, [sample], table);
  table = counters;
  const { rx, tx, totconns } = message.listeners[listener]?.stats ?? {};
  reported.rx += Number(rx);
  reported.tx += Number(tx);
  reported.totconns += Number(totconns);
  return message;
}

class Client {
  static readonly sum = { rx: 0, tx: 0, totconns: 0 };
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => {
      Client.sum.tx += bytes.length;
    });
  }

  static async open(): Promise<Client> {
    const socket = connect({ host: VIP, port: 80 });
    await once(socket, "connect");
    Client.sum.totconns += 1;
    return new Client(socket);
  }

  async ask(): Promise<void> {
    const request = `GET / HTTP/1.1\r\nHost: x\r\n\r\n`;
    Client.sum.rx += request.length;
    this.#socket.write(request);
    await once(this.#socket, "data");
  }

  async close(): Promise<void> {
    this.#socket.end();
    this.#socket.resume();
    await once(this.#socket, "close");
  }
}

const clientsOf = async (count: number) => {
  const clients = await Promise.all(Array.from({ length: count }, () => Client.open()));
  await Promise.all(clients.map((client) => client.ask()));
  return clients;
};
const connections = async () => Number((await beat()).listeners[listener]?.stats.conns);
const oldWorkers = async () =>
  parseOldWorkers(
    (await ask(filesOf(id).masterSocket, "show proc;quit", { timeoutMs: 5_000 })).toString("utf8"),
  );

async function apply(timeout: number): Promise<void> {
  await loadBalancers.upload(
    AMPHORA,
    id,
    Buffer.from(config.replace("timeout client 50000", `timeout client ${timeout}`)),
  );
  await loadBalancers.act(id, "reload");
}

test("over reloads every byte and connection is reported once, held connections each time", async () => {
  await apply(50_000);
  const first = await clientsOf(10);
  assert.equal(await connections(), 10);
  await Promise.all(first.map((client) => client.ask()));
  await apply(40_000);
  const second = await clientsOf(5);
  assert.equal(await connections(), 15);
  // No heartbeat between these two: the worker in the middle is known only by what is held of it.
  await apply(41_000);
  const third = await clientsOf(3);
  await apply(42_000);
  await Promise.all([...first, ...second, ...third].map((client) => client.ask()));
  assert.equal(await connections(), 18);
  await Promise.all([...first, ...second].map((client) => client.ask()));
  await Promise.all(first.map((client) => client.close()));
  await until(async () => (await connections()) === 8);
  await Promise.all([...second, ...third].map((client) => client.close()));
  await until(async () => (await connections()) === 0);
  await until(async () => (await oldWorkers()).length === 0);
  await beat();
  assert.deepEqual(reported, Client.sum);
  for (let count = 0; count < 12; count += 1) await beat();
  assert.deepEqual(reported, Client.sum);
  assert.deepEqual([...table.keys()], [listener]);
});

test("a change that needs no reload disturbs no figure", async () => {
  const clients = await clientsOf(4);
  const changed = config
    .replace("timeout client 50000", "timeout client 42000")
    .replace(/weight 1$/m, "weight 7");
  await loadBalancers.upload(AMPHORA, id, Buffer.from(changed));
  await loadBalancers.act(id, "reload");
  assert.equal(await connections(), 4);
  await Promise.all(clients.map((client) => client.ask()));
  await Promise.all(clients.map((client) => client.close()));
  await until(async () => (await connections()) === 0);
  assert.deepEqual(reported, Client.sum);
});
