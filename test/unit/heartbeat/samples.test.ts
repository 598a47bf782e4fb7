import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type ReadResult, SampleCollector, type StatsSource } from "../../../agent/heartbeat/samples.ts";
import type { LoadBalancerSample } from "../../../agent/loadbalancer/types.ts";
import { FakeClock } from "./fake-clock.ts";

const WAIT_MS = 500;
const INTERVAL_MS = 10_000;
const NAMES = { directories: [], others: new Set<string>() };
const SAMPLE: LoadBalancerSample = { listeners: [], pools: [] };

/** Load balancers whose HAProxy takes `delays` milliseconds; an error stands for one that fails at once. */
function aCollector(delays: Record<string, number | Error>) {
  const clock = new FakeClock();
  const reads: string[] = [];
  const release = new Map<string, (reason: Error) => void>();
  const source: StatsSource = {
    list: async () => Object.keys(delays),
    async read(id) {
      reads.push(id);
      const delay = delays[id] ?? 0;
      if (delay instanceof Error) throw delay;
      await new Promise<void>((resolve, reject) => {
        clock.after(delay, resolve);
        release.set(id, reject);
      });
      return SAMPLE;
    },
    release: (id, reason) => release.get(id)?.(reason),
    close: () => undefined,
  };
  const collector = new SampleCollector(source, clock);
  let waited = 0;
  async function collect(): Promise<Record<string, ReadResult["kind"]>> {
    const begin = clock.now();
    let results: Map<string, ReadResult> | undefined;
    const collecting = collector.collect(NAMES, WAIT_MS, INTERVAL_MS).then((done) => {
      results = done;
      waited = clock.now() - begin;
    });
    while (!results) await clock.advance(10);
    await collecting;
    await clock.advance(INTERVAL_MS - (clock.now() - begin));
    return Object.fromEntries([...results].map(([id, { kind }]) => [id, kind]));
  }
  return { collect, reads, delays, lastWait: () => waited };
}

suite("collecting statistics", () => {
  test("waits for no one longer than allowed", async () => {
    const { collect, lastWait } = aCollector({ quick: 10, slow: 60_000 });
    assert.deepEqual(await collect(), { quick: "read", slow: "late" });
    assert.ok(lastWait() <= WAIT_MS + 10, `waited ${lastWait()} ms`);
  });

  test("does not wait when all have answered", async () => {
    const { collect, lastWait } = aCollector({ a: 10, b: 20 });
    await collect();
    assert.ok(lastWait() <= 30, `waited ${lastWait()} ms`);
  });

  test("uses an answer that came late for the next heartbeat", async () => {
    const { collect } = aCollector({ slow: 2_000 });
    assert.deepEqual([await collect(), await collect()], [{ slow: "late" }, { slow: "read" }]);
  });

  test("uses no answer twice: a HAProxy that hangs is missing from the first heartbeat on", async () => {
    const { collect, delays } = aCollector({ lb: 10 });
    assert.deepEqual(await collect(), { lb: "read" });
    delays.lb = 60_000;
    assert.deepEqual(await collect(), { lb: "late" });
  });

  test("has at most one reading of a load balancer under way", async () => {
    const { collect, reads } = aCollector({ slow: 8_900 });
    await collect();
    assert.deepEqual(reads, ["slow"]);
    await collect();
    assert.deepEqual(reads, ["slow", "slow"]);
  });

  test("tells why a reading has failed, and tries again each time", async () => {
    const { collect, reads } = aCollector({ lb: new Error("refused") });
    assert.deepEqual([await collect(), await collect()], [{ lb: "failed" }, { lb: "failed" }]);
    assert.equal(reads.length, 2);
  });

  test("forgets load balancers that are gone", async () => {
    const { collect, delays } = aCollector({ a: 10, b: 2_000 });
    await collect();
    delete delays.b;
    assert.deepEqual(await collect(), { a: "read" });
  });
});
