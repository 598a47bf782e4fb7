import assert from "node:assert/strict";
import { suite, test } from "node:test";
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
