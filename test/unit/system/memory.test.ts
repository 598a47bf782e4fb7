import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../../../agent/system/clock.ts";
import { collectGarbage, createMemoryTidier } from "../../../agent/system/memory.ts";

/** A clock that is moved by hand. */
function aClock(): Clock & { advance(ms: number): void } {
  let now = 0;
  let timers: { at: number; call: () => void }[] = [];
  return {
    now: () => now,
    after(delayMs, call) {
      const timer = { at: now + delayMs, call };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (!next) break;
        timers = timers.filter((other) => other !== next);
        now = next.at;
        next.call();
      }
      now = end;
    },
  };
}

function aTidier() {
  const clock = aClock();
  let collected = 0;
  const tidier = createMemoryTidier(clock, () => {
    collected += 1;
  });
  return { clock, tidier, collected: () => collected };
}

test("collects once it has been quiet for two seconds", () => {
  const { clock, tidier, collected } = aTidier();
  tidier.touched();
  clock.advance(1_500);
  tidier.touched();
  clock.advance(1_500);
  assert.equal(collected(), 0);
  clock.advance(500);
  assert.equal(collected(), 1);
});

test("does nothing while nothing happens", () => {
  const { clock, tidier, collected } = aTidier();
  tidier.touched();
  clock.advance(600_000);
  assert.equal(collected(), 1);
});

test("collects at most once a minute", () => {
  const { clock, tidier, collected } = aTidier();
  for (let second = 0; second < 180; second += 3) {
    tidier.touched();
    clock.advance(3_000);
  }
  assert.equal(collected(), 3);
});

test("collects no more when closed", () => {
  const { clock, tidier, collected } = aTidier();
  tidier.touched();
  tidier.close();
  clock.advance(10_000);
  assert.equal(collected(), 0);
});

test("frees what nothing refers to", async () => {
  const reference = new WeakRef({ large: "x".repeat(1024) });
  // A WeakRef keeps its target until the current job ends.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  assert.equal(reference.deref(), undefined);
});
