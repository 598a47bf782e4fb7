/** What the watchdog is told of heartbeats. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pino } from "pino";
import { createHeartbeat } from "../../../agent/heartbeat/heartbeat.ts";
import type { LoadBalancerSample } from "../../../agent/loadbalancer/types.ts";
import { FakeClock } from "./fake-clock.ts";

let basePath: string;
before(async () => {
  basePath = await mkdtemp(join(tmpdir(), "progress-"));
});
after(() => rm(basePath, { recursive: true }));

function aHeartbeat(read: () => Promise<LoadBalancerSample | undefined>) {
  const clock = new FakeClock();
  const heartbeat = createHeartbeat({
    config: () => ({
      amphoraId: "a",
      basePath,
      controllerIpPortList: ["192.0.2.10:5555"],
      heartbeatIntervalSeconds: 10,
      heartbeatKey: "key",
    }),
    stats: { list: () => ["lb"], read, release: () => undefined, close: () => undefined },
    names: async () => ({ directories: ["lb"], others: new Set() }),
    sender: { send: async () => undefined, close: async () => undefined },
    lookup: async (host) => host,
    signal: () => undefined,
    clock,
    log: pino({ level: "silent" }),
  });
  return { clock, heartbeat };
}

/** Moves the clock until so many heartbeats were made; compression and files take real time. */
async function pass(clock: FakeClock, rounds: number, sent: () => number): Promise<void> {
  const from = sent();
  for (let step = 0; sent() < from + rounds && step < 1_000; step += 1) {
    await clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

test("a heartbeat that was sent is progress, whatever became of HAProxy; three without an answer are silence", async () => {
  let answers = true;
  const sample = { listeners: [], pools: [] };
  const { clock, heartbeat } = aHeartbeat(async () => {
    if (!answers) throw new Error("no answer");
    return sample;
  });
  heartbeat.start();
  const sent = () => heartbeat.status().sent;
  await pass(clock, 1, sent);
  const first = heartbeat.status();
  assert.deepEqual(first.silent, []);
  assert.ok(first.lastDoneAt !== undefined);
  answers = false;
  await pass(clock, 2, sent);
  assert.deepEqual(heartbeat.status().silent, []);
  await pass(clock, 1, sent);
  assert.deepEqual(heartbeat.status().silent, ["lb"]);
  assert.ok((heartbeat.status().lastDoneAt ?? 0) > first.lastDoneAt);
  answers = true;
  await pass(clock, 1, sent);
  assert.deepEqual(heartbeat.status().silent, []);
  await heartbeat.stop();
});

test("one that cannot be built is none", async () => {
  const defect = "a counter is missing";
  let defective = false;
  const { clock, heartbeat } = aHeartbeat(async () => ({
    listeners: [],
    pools: [],
    ...(defective && { defect }),
  }));
  heartbeat.start();
  await pass(clock, 1, () => heartbeat.status().sent);
  const { lastDoneAt } = heartbeat.status();
  defective = true;
  await pass(clock, 2, () => heartbeat.status().failed);
  assert.equal(heartbeat.status().lastDoneAt, lastDoneAt);
  await heartbeat.stop();
});
