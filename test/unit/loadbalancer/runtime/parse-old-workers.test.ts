import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOldWorkers } from "../../../../agent/loadbalancer/runtime/parse-old-workers.ts";

const row = (pid: number, type: string, reloads: number) =>
  `${pid}            ${type}          ${reloads}               0d00h00m01s     2.6.12`;

test("old workers come in the order of their age, and nobody else", () => {
  const text = [
    "#<PID>          <type>          <reloads>       <uptime>        <version>",
    row(1, "master", 9),
    "# workers",
    row(12, "worker", 0),
    "# old workers",
    row(10, "worker", 1),
    row(7, "worker", 3),
    row(9, "worker", 2),
    "# programs",
    row(3, "worker", 9),
    "",
  ].join("\n");
  assert.deepEqual(parseOldWorkers(text), [7, 9, 10]);
  assert.deepEqual(parseOldWorkers(text.replace(/# old workers\n[^#]*/, "")), []);
});
