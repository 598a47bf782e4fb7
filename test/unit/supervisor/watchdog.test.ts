import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { judgeProgress } from "../../../agent/supervisor/judge-progress.ts";
import { startWatchdog } from "../../../agent/supervisor/watchdog.ts";
import { FakeClock } from "../heartbeat/fake-clock.ts";

const FINE = { sinceHeartbeatMs: 5_000, heartbeatIntervalMs: 10_000, silent: [] };

test("heartbeats that go on are progress, and three of them may be missing", () => {
  assert.equal(judgeProgress(FINE), undefined);
  assert.equal(judgeProgress({ ...FINE, sinceHeartbeatMs: 30_000 }), undefined);
  assert.match(judgeProgress({ ...FINE, sinceHeartbeatMs: 31_000 }) ?? "", /no heartbeat for 31 s/);
  assert.equal(judgeProgress({ ...FINE, heartbeatIntervalMs: 100 }), undefined);
});

test("a HAProxy that answers nobody is not the agent's; one that answers others is", () => {
  const silent = (answersOthers: boolean) => ({ ...FINE, silent: [{ id: "lb", answersOthers }] });
  assert.equal(judgeProgress(silent(false)), undefined);
  assert.match(judgeProgress(silent(true)) ?? "", /HAProxy of lb answers, but not this agent/);
});

function aWatchdog(watchdogMs: number | undefined) {
  const clock = new FakeClock();
  const sent: string[] = [];
  const state = { lastDoneAt: 0 as number | undefined, silent: [] as string[], answers: true };
  const starting = startWatchdog({
    manager: { socket: "/run/notify", watchdogMs },
    heartbeat: () => state,
    heartbeatIntervalMs: () => 10_000,
    answers: async () => state.answers,
    clock,
    logger: pino({ level: "silent" }),
    send: async (_socket, assignment) => {
      sent.push(assignment);
    },
  });
  return { clock, sent, state, starting };
}

/** Lets what was started by the clock come to its end. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test("systemd hears of the start, three times in its time that the agent lives, and of the end", async () => {
  const { clock, sent, state, starting } = aWatchdog(30_000);
  const watchdog = await starting;
  await settle();
  assert.deepEqual(sent, ["READY=1"], "which is a sign of life, too");
  for (let round = 0; round < 3; round += 1) {
    await clock.advance(10_000);
    state.lastDoneAt = clock.now();
    await settle();
  }
  assert.deepEqual(sent.slice(1), ["WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]);
  await watchdog.close();
  await clock.advance(60_000);
  await settle();
  assert.deepEqual(sent.slice(4), ["STOPPING=1"]);
});

test("without progress there is silence, until it goes on", async () => {
  const { clock, sent, state, starting } = aWatchdog(30_000);
  const watchdog = await starting;
  await settle();
  for (let round = 0; round < 5; round += 1) {
    await clock.advance(10_000);
    await settle();
  }
  // Heartbeats are missed from 30 s on.
  assert.equal(sent.filter((text) => text === "WATCHDOG=1").length, 3);
  state.lastDoneAt = clock.now();
  await clock.advance(10_000);
  await settle();
  assert.equal(sent.filter((text) => text === "WATCHDOG=1").length, 4);
  await watchdog.close();
});

test("a HAProxy that only the agent does not hear ends the signs", async () => {
  const { clock, sent, state, starting } = aWatchdog(30_000);
  const watchdog = await starting;
  await settle();
  state.silent = ["lb"];
  await clock.advance(10_000);
  await settle();
  assert.deepEqual(sent, ["READY=1"]);
  state.answers = false;
  await clock.advance(10_000);
  await settle();
  assert.deepEqual(sent, ["READY=1", "WATCHDOG=1"]);
  await watchdog.close();
});

test("a service manager that does not watch hears of start and end alone", async () => {
  const { clock, sent, starting } = aWatchdog(undefined);
  const watchdog = await starting;
  await clock.advance(60_000);
  await settle();
  await watchdog.close();
  assert.deepEqual(sent, ["READY=1", "STOPPING=1"]);
});
