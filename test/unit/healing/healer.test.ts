import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { Healer } from "../../../agent/healing/healer.ts";
import type { Depth, Look } from "../../../agent/healing/types.ts";
import { FakeClock } from "../heartbeat/fake-clock.ts";

interface Line {
  readonly event: string;
  readonly cause?: string;
  readonly differences?: string[];
}

/** Something with differences that come as a test says, and go when they are repaired, unless they are stubborn. */
function aPatient() {
  const clock = new FakeClock();
  const lines: Line[] = [];
  const logger = pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line) as Line) });
  const differences = new Set<string>();
  const stubborn = new Set<string>();
  const looks: Depth[] = [];
  const patient = { clock, lines, differences, stubborn, looks, failure: undefined as Error | undefined };
  const keeper = {
    name: "network",
    async hold({ depth, isDue }: Look) {
      looks.push(depth);
      if (patient.failure) throw patient.failure;
      const due = [...differences].filter(isDue);
      const repaired = due.filter((difference) => !stubborn.has(difference));
      for (const difference of repaired) differences.delete(difference);
      return { repaired, remaining: [...differences] };
    },
  };
  const healer = new Healer({ keepers: [keeper], clock, logger });
  const events = (event: string) => lines.filter((line) => line.event === event);
  return { ...patient, patient, healer, events };
}

test("what is heard together is looked at once, and the repair names its cause", async () => {
  const { healer, clock, differences, looks, events } = aPatient();
  differences.add("rule add from 203.0.113.5/32");
  healer.heard("network", "Deleted rule");
  healer.heard("network", "Deleted route");
  await clock.advance(100);
  assert.deepEqual(looks, ["changed"]);
  assert.deepEqual(
    events("healing.repair.done").map(({ cause, differences: repaired }) => [cause, repaired]),
    [["Deleted rule; Deleted route", ["rule add from 203.0.113.5/32"]]],
  );
  const { repairs, last } = healer.status();
  assert.deepEqual(repairs, { rule: 1 });
  assert.deepEqual(last?.differences, ["rule add from 203.0.113.5/32"]);
});

test("what nobody tells of is looked at twice a minute, and everything each five minutes", async () => {
  const { healer, clock, looks } = aPatient();
  await clock.advance(600_000);
  const nine = Array.from({ length: 9 }, () => "unheard");
  assert.deepEqual(looks, [...nine, "all", ...nine, "all"]);
  await healer.close();
  await clock.advance(60_000);
  assert.equal(looks.length, 20);
});

test("a look at what was heard of that comes together with a regular one is at everything", async () => {
  const { healer, clock, looks } = aPatient();
  await clock.advance(29_980);
  healer.heard("network", "Deleted rule");
  await clock.advance(1_000);
  assert.deepEqual(looks, ["all"]);
});

test("a repair that is undone again and again slows down, and is reported once", async () => {
  const { healer, clock, differences, events } = aPatient();
  for (let round = 0; round < 20; round += 1) {
    differences.add("rule");
    healer.heard("network", "Deleted rule");
    await clock.advance(500);
  }
  assert.ok(events("healing.repair.done").length < 8);
  assert.equal(events("healing.repair.flapping").length, 1);
  assert.deepEqual(healer.status().flapping, ["rule"]);
});

test("what cannot be repaired is tried again later without being heard of, and told once", async () => {
  const { healer, clock, differences, stubborn, events } = aPatient();
  differences.add("route");
  stubborn.add("route");
  healer.heard("network", "Deleted route");
  await clock.advance(1_500);
  assert.equal(events("healing.repair.failed").length, 1);
  assert.deepEqual(healer.status().failing, ["route"]);
  stubborn.clear();
  await clock.advance(30_000);
  assert.equal(events("healing.repair.done").length, 1);
  assert.deepEqual(healer.status().failing, []);
});

test("somebody who changes things all the time is not followed at that pace", async () => {
  const { healer, clock, looks } = aPatient();
  for (let round = 0; round < 100; round += 1) {
    healer.heard("network", "something");
    await clock.advance(100);
  }
  assert.ok(looks.length <= 26, `${looks.length} looks in 10 s`);
});

test("a look that fails is told, and the next one is made", async () => {
  const { patient, healer, clock, looks, events } = aPatient();
  patient.failure = new Error("no namespace");
  healer.heard("network", "something");
  await clock.advance(100);
  assert.equal(events("healing.look.failed").length, 1);
  patient.failure = undefined;
  healer.heard("network", "something else");
  await clock.advance(100);
  assert.equal(looks.length, 2);
});
