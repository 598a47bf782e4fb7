import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeReload, parseProcesses, saysReloadFailed } from "../../../agent/supervisor/parse-processes.ts";

const HEAD = "#<PID>          <type>          <reloads>       <uptime>        <version>      \n";

test("current workers are told from those that are finishing", () => {
  const text = `${HEAD}36              master          5 [failed: 2]   0d00h00m02s     2.6.12-1+deb12u4
# workers
1271            worker          0               0d00h00m00s     2.6.12
1272            worker          0               0d00h00m00s     2.6.12
# old workers
1233            worker          3               0d00h00m43s     2.6.12
# programs
1300            foo             0               0d00h00m00s     -
# old programs

`;
  assert.deepEqual(parseProcesses(text), { failedReloads: 2, workers: [1271, 1272], oldWorkers: [1233] });
});

test("a master that does not count failures has none", () => {
  const text = `${HEAD}36              master          5               0d00h00m02s     2.2.1\n# workers\n`;
  assert.deepEqual(parseProcesses(text), { failedReloads: 0, workers: [], oldWorkers: [] });
});

test("anything else is not an answer", () => {
  assert.equal(parseProcesses(""), undefined);
  assert.equal(parseProcesses("Unknown command: 'show proc'\n"), undefined);
});

const before = { failedReloads: 1, workers: [10] };

test("a reload is done when there is a new worker, which is named", () => {
  assert.equal(judgeReload(before, { failedReloads: 0, workers: [11] }), 11);
  assert.equal(judgeReload(before, { failedReloads: 1, workers: [10, 11] }), 11);
});

test("a reload has failed when the master counts one more failure", () => {
  assert.equal(judgeReload(before, { failedReloads: 2, workers: [10] }), "failed");
});

test("until either is seen a reload is pending", () => {
  assert.equal(judgeReload(before, { failedReloads: 1, workers: [10] }), "pending");
  assert.equal(judgeReload(before, { failedReloads: 1, workers: [] }), "pending");
});

test("a master's answer to the command itself counts as a failure only when it says so", () => {
  assert.equal(saysReloadFailed("Success=0\n--\n[ALERT] cannot bind\n"), true);
  assert.equal(saysReloadFailed("Success=1\n--\n[NOTICE] Success=0 was before\n"), false);
  assert.equal(saysReloadFailed(""), false);
});
