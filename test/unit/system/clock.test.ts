import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { settledWithin, systemClock } from "../../../agent/system/clock.ts";
import { FakeClock } from "../heartbeat/fake-clock.ts";

const LIMIT_MS = 50;

suite("waiting for something within a limit", () => {
  test("ends with it, and says so", async () => {
    const clock = new FakeClock();
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = settledWithin(clock, LIMIT_MS, promise);
    await clock.advance(LIMIT_MS - 1);
    resolve();
    assert.equal(await waiting, true);
  });

  test("takes a failure for an end", async () => {
    assert.equal(await settledWithin(new FakeClock(), LIMIT_MS, Promise.reject(new Error("no"))), true);
  });

  test("ends at the limit, neither before nor after it", async () => {
    const clock = new FakeClock();
    const endedAt = settledWithin(clock, LIMIT_MS, new Promise(() => undefined)).then((isSettled) => {
      assert.equal(isSettled, false);
      return clock.now();
    });
    await clock.advance(2 * LIMIT_MS);
    assert.equal(await endedAt, LIMIT_MS);
  });

  test("keeps the process alive until then, by the system's clock", async () => {
    assert.equal(await settledWithin(systemClock, LIMIT_MS, new Promise(() => undefined)), false);
  });
});

test("everyone who wants to be called soon is called, once, in their order", async () => {
  const called: string[] = [];
  systemClock.soon(() => called.push("a"));
  systemClock.soon(() => called.push("b"));
  await new Promise<void>((resolve) => systemClock.soon(resolve));
  assert.deepEqual(called, ["a", "b"]);
  await new Promise<void>((resolve) => systemClock.soon(resolve));
  assert.deepEqual(called, ["a", "b"]);
});

suite("an alarm of the system's clock", () => {
  test("goes off once each time that it was set, not before", async () => {
    let calls = 0;
    let called: () => void = () => undefined;
    const alarm = systemClock.alarm(() => {
      calls += 1;
      called();
    });
    for (const delayMs of [20, 20, 30, 10, 10]) {
      const before = calls;
      const setAt = performance.now();
      await new Promise<void>((resolve) => {
        called = resolve;
        alarm.set(delayMs);
      });
      // The event loop counts whole milliseconds.
      assert.ok(performance.now() - setAt >= delayMs - 1);
      assert.equal(calls, before + 1);
    }
    await sleep(40);
    assert.equal(calls, 5);
  });

  test("may be set anew from its own callback", async () => {
    let calls = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const alarm = systemClock.alarm(() => {
      calls += 1;
      if (calls < 5) alarm.set(5);
      else resolve();
    });
    alarm.set(5);
    await promise;
    await sleep(20);
    assert.equal(calls, 5);
  });

  test("does not go off for what it was set to before, nor once it is cleared", async () => {
    let calls = 0;
    const alarm = systemClock.alarm(() => {
      calls += 1;
    });
    alarm.set(10);
    alarm.set(40);
    await sleep(25);
    assert.equal(calls, 0);
    alarm.clear();
    await sleep(40);
    assert.equal(calls, 0);
    alarm.set(5);
    await sleep(25);
    assert.equal(calls, 1);
  });
});
