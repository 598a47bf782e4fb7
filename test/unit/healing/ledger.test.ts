import assert from "node:assert/strict";
import { test } from "node:test";
import { delayAfter, Ledger } from "../../../agent/healing/ledger.ts";

const MINUTE_MS = 60_000;

test("the first repairs of a difference come at once, later ones wait twice as long each time, ten minutes at most", () => {
  assert.deepEqual([1, 2, 3, 4, 5].map(delayAfter), [0, 0, 2_000, 4_000, 8_000]);
  assert.equal(delayAfter(40), 10 * MINUTE_MS);
});

test("a difference is due again when its delay is over", () => {
  const ledger = new Ledger();
  assert.ok(ledger.isDue("rule", 0));
  for (let attempt = 0; attempt < 3; attempt += 1) ledger.note("rule", true, 100);
  assert.ok(!ledger.isDue("rule", 2_099));
  assert.ok(ledger.isDue("rule", 2_100));
  assert.ok(ledger.isDue("another", 0));
});

test("what is repaired more often than is healthy is flapping, what could not be repaired is failing", () => {
  const ledger = new Ledger();
  for (let attempt = 0; attempt < 4; attempt += 1) ledger.note("rule", true, attempt);
  ledger.note("route", false, 0);
  assert.deepEqual(ledger.flapping(4), ["rule"]);
  assert.deepEqual(ledger.failing(), ["route"]);
});

test("a difference that stays away begins anew, one that is still there does not", () => {
  const ledger = new Ledger();
  for (let attempt = 0; attempt < 4; attempt += 1) {
    ledger.note("gone", true, 0);
    ledger.note("there", false, 0);
  }
  ledger.tidy(new Set(["there"]), MINUTE_MS + 1);
  assert.deepEqual(ledger.flapping(MINUTE_MS + 1), []);
  assert.equal(ledger.note("gone", true, MINUTE_MS + 2), 1);
  assert.equal(ledger.note("there", false, MINUTE_MS + 2), 5);
});

test("what somebody else has put right is not failing any more, nor said to be undone by somebody", () => {
  const ledger = new Ledger();
  for (let attempt = 0; attempt < 10; attempt += 1) ledger.note("service", false, attempt);
  ledger.tidy(new Set(["service"]), 10);
  assert.deepEqual([ledger.failing(), ledger.flapping(10)], [["service"], []]);
  ledger.tidy(new Set(), 11);
  assert.deepEqual([ledger.failing(), ledger.flapping(11)], [[], []]);
  assert.equal(ledger.note("service", false, 12), 11);
  assert.deepEqual(ledger.failing(), ["service"]);
});

test("a difference is flapping until a repair has lasted for half a minute, however long the next one has to wait", () => {
  const ledger = new Ledger();
  for (let attempt = 0; attempt < 12; attempt += 1) ledger.note("rule", true, 0);
  ledger.tidy(new Set(["rule"]), 1);
  assert.deepEqual(ledger.flapping(5 * MINUTE_MS), ["rule"]);
  assert.equal(ledger.note("rule", true, 10 * MINUTE_MS), 13);
  ledger.tidy(new Set(), 10 * MINUTE_MS + 1);
  assert.deepEqual(ledger.flapping(10 * MINUTE_MS + 29_999), ["rule"]);
  assert.deepEqual(ledger.flapping(10 * MINUTE_MS + 30_000), []);
  assert.ok(!ledger.isDue("rule", 10 * MINUTE_MS + 30_000));
});
