import assert from "node:assert/strict";
import { test } from "node:test";
import { collectGarbage, createMemoryTidier } from "../../../agent/system/memory.ts";
import { FakeClock } from "../heartbeat/fake-clock.ts";

function aTidier() {
  const clock = new FakeClock();
  let collected = 0;
  const tidier = createMemoryTidier(clock, () => {
    collected += 1;
  });
  return { clock, tidier, collected: () => collected };
}

test("collects once it has been quiet for two seconds", async () => {
  const { clock, tidier, collected } = aTidier();
  tidier.touched();
  await clock.advance(1_500);
  tidier.touched();
  await clock.advance(1_500);
  assert.equal(collected(), 0);
  await clock.advance(500);
  assert.equal(collected(), 1);
});

test("does nothing while nothing happens", async () => {
  const { clock, tidier, collected } = aTidier();
  tidier.touched();
  await clock.advance(600_000);
  assert.equal(collected(), 1);
});

test("collects at most once a minute", async () => {
  const { clock, tidier, collected } = aTidier();
  for (let second = 0; second < 180; second += 3) {
    tidier.touched();
    await clock.advance(3_000);
  }
  assert.equal(collected(), 3);
});

test("collects no more when closed", async () => {
  const { clock, tidier, collected } = aTidier();
  tidier.touched();
  tidier.close();
  await clock.advance(10_000);
  assert.equal(collected(), 0);
});

test("frees what nothing refers to", async () => {
  const reference = new WeakRef({ large: "x".repeat(1024) });
  // A WeakRef keeps its target until the current job ends.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  assert.equal(reference.deref(), undefined);
});
