import assert from "node:assert/strict";
import { test } from "node:test";
import { planDifferences } from "../../../../agent/loadbalancer/runtime/plan-differences.ts";
import { renderDifferences } from "../../../../agent/loadbalancer/runtime/render-differences.ts";
import { CONFIG, sectionsOf } from "./sections.ts";

const told = (from: string, to: string) =>
  renderDifferences(planDifferences(sectionsOf(from), sectionsOf(to)));

test("changes of members are told by pool and member", () => {
  const to = `${CONFIG.replace(/ +server m1.*\n/, "").replace("m2 10.0.0.2:80 weight 1 check inter 5s", "m2 10.0.0.3:80 weight 5 disabled")}
    server m3 10.0.0.3:80\n    server m4 10.0.0.4:80\n`;
  assert.deepEqual(told(CONFIG, to), [
    "2 members added to pool pool",
    "1 member removed from pool pool",
    "address of m2 10.0.0.2:80→10.0.0.3:80",
    "weight of m2 1→5",
    "m2 disabled",
    "options of m2 changed",
  ]);
});

test("a pool under two listeners changes once", () => {
  const twice = `${CONFIG}backend pool:other\n    server m1 10.0.0.1:80 weight 1\n`;
  assert.deepEqual(told(twice, twice.replaceAll("10.0.0.1:80 weight 1", "10.0.0.1:80 weight 2")), [
    "weight of m1 1→2",
  ]);
});

test("other changes are told by listener and line", () => {
  const to = `${CONFIG.replace("maxconn 100\n", "maxconn 50\n").replace("    timeout server 5000\n", "")}frontend other\n`;
  assert.deepEqual(told(CONFIG, to), [
    "listener other added",
    'listener web: "maxconn 100" → "maxconn 50"',
    'pool pool: "timeout server 5000" removed',
  ]);
});

test("many changes are cut short", () => {
  const many = (weight: number) =>
    `backend b:f\n${Array.from({ length: 30 }, (_, index) => `  server m${index} 10.0.0.1:80 weight ${weight}\n`).join("")}`;
  const sentences = told(many(1), many(2));
  assert.equal(sentences.length, 21);
  assert.equal(sentences.at(-1), "and 10 more");
});
