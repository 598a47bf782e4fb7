/** Clients that say nothing, or stop half-way, must not be felt by others. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Daemon, HEARTBEAT_INTERVAL_MS, startDaemon } from "./daemon.ts";

const SILENT = 1_000;
const STALLED = 100;
const HALF = Buffer.alloc(1024 * 1024, "x");
const ROUNDS = 100;
const FACTOR = 3;
const MEMORY_LIMIT_BYTES = 150 * 1024 * 1024;

/** Median milliseconds of `GET /1.0/info`, each on a new connection. */
async function latency({ client }: Daemon): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    assert.equal((await client.ask("GET", "/1.0/info")).status, 200);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[ROUNDS / 2] ?? Number.NaN;
}

async function silent(): Promise<Socket> {
  const socket = connect(9443, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

async function stalled({ client }: Daemon): Promise<Socket> {
  const socket = await client.connect();
  // The daemon may give up whom it wants to: only the others count here.
  socket.on("error", () => socket.destroy());
  const head = `PUT /1.0/loadbalancer/amp/lb/haproxy HTTP/1.1\r\nHost: a\r\nContent-Length: ${2 * HALF.length}\r\n\r\n`;
  socket.write(head);
  await new Promise<void>((resolve) => socket.write(HALF, () => resolve()));
  return socket;
}

test("a thousand silent connections and a hundred stalled uploads hold up nobody", async (t) => {
  await using daemon = await startDaemon();
  await latency(daemon); // Warms both sides up.
  const [before, memoryBefore] = [await latency(daemon), await daemon.memory()];

  const sockets = await Promise.all(Array.from({ length: SILENT }, silent));
  for (let count = 0; count < STALLED; count += 1) sockets.push(await stalled(daemon));
  const start = performance.now();
  const during = await latency(daemon);
  await delay(Math.max(0, 3 * HEARTBEAT_INTERVAL_MS - (performance.now() - start)));
  const memory = await daemon.memory();
  const beats = daemon.heartbeats.filter((moment) => moment > start);
  for (const socket of sockets) socket.destroy();

  t.diagnostic(`median ${before.toFixed(1)} ms alone, ${during.toFixed(1)} ms among the others`);
  t.diagnostic(`memory ${Math.round(memoryBefore / 1e6)} MB, then ${Math.round(memory / 1e6)} MB`);
  assert.ok(during < FACTOR * before, `${during} ms in place of ${before} ms`);
  assert.ok(memory - memoryBefore < MEMORY_LIMIT_BYTES, `${memory - memoryBefore} bytes more`);
  assert.ok(beats.length >= 2, `${beats.length} heartbeats in 3 s`);
  const gaps = beats.slice(1).map((moment, index) => moment - (beats[index] ?? moment));
  // 90 to 110 % of the interval is the sender's own choice; the rest is for a busy machine.
  assert.ok(Math.max(...gaps) < 1.5 * HEARTBEAT_INTERVAL_MS, `gaps of ${gaps.join(", ")} ms`);
});
