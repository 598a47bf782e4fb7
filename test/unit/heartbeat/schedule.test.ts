import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startSchedule } from "../../../agent/heartbeat/schedule.ts";
import { FakeClock } from "./fake-clock.ts";

function aSchedule(
  intervalMs: number | (() => number) = 1_000,
  during: (clock: FakeClock) => void = () => undefined,
) {
  const clock = new FakeClock();
  const calls: number[] = [];
  const interval = typeof intervalMs === "number" ? () => intervalMs : intervalMs;
  const schedule = startSchedule(clock, interval, () => {
    calls.push(clock.now());
    during(clock);
  });
  return { clock, calls, schedule };
}

suite("the schedule of heartbeats", () => {
  test("calls at once and then at each interval", async () => {
    const { clock, calls } = aSchedule();
    await clock.advance(3_500);
    assert.deepEqual(calls, [0, 1_000, 2_000, 3_000]);
  });

  test("does not drift with the time that calls take", async () => {
    const { clock, calls } = aSchedule(1_000, (running) => running.stall(130));
    await clock.advance(3_500);
    assert.deepEqual(calls, [0, 1_000, 2_000, 3_000]);
  });

  test("is never later than half a per cent, however many calls have each been a little late", async () => {
    const { clock, calls } = aSchedule(1_000, (running) => running.stall(3));
    await clock.advance(50_500);
    assert.equal(calls.length, 51);
    for (const [index, at] of calls.entries()) {
      assert.ok(at >= index * 1_000 && at <= index * 1_000 + 5, `call ${index} at ${at}`);
    }
  });

  test("calls once when the machine has stood still, and keeps its beat", async () => {
    const { clock, calls } = aSchedule();
    await clock.advance(500);
    clock.stall(4_900);
    await clock.advance(1_700);
    assert.deepEqual(calls, [0, 5_400, 6_000, 7_000]);
  });

  test("lets a shorter interval count from now", async () => {
    let interval = 10_000;
    const { clock, calls, schedule } = aSchedule(() => interval);
    await clock.advance(3_000);
    interval = 1_000;
    schedule.restart();
    await clock.advance(2_500);
    assert.deepEqual(calls, [0, 4_000, 5_000]);
  });

  test("never calls later for being restarted", async () => {
    const { clock, calls, schedule } = aSchedule();
    for (let restarts = 0; restarts < 10; restarts += 1) {
      await clock.advance(300);
      schedule.restart();
    }
    assert.deepEqual(calls, [0, 1_000, 2_000, 3_000]);
  });

  test("takes over a longer interval with the next call", async () => {
    let interval = 1_000;
    const { clock, calls, schedule } = aSchedule(() => interval);
    await clock.advance(500);
    interval = 5_000;
    schedule.restart();
    await clock.advance(6_000);
    assert.deepEqual(calls, [0, 1_000, 6_000]);
  });

  test("calls no more once it is stopped, restarted or not", async () => {
    const { clock, calls, schedule } = aSchedule();
    await clock.advance(10);
    schedule.stop();
    schedule.restart();
    await clock.advance(5_000);
    assert.deepEqual(calls, [0]);
  });
});
