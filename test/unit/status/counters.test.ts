import assert from "node:assert/strict";
import { test } from "node:test";
import { Counters } from "../../../agent/status/counters.ts";

test("answers are counted by status, and changes of HAProxy by how they took effect", () => {
  const counters = new Counters();
  for (const status of [200, 200, 404]) counters.answered(status);
  for (const how of ["runtime", "failed", "runtime"] as const) counters.changed(how);
  assert.deepEqual(
    [...counters.requests],
    [
      [200, 2],
      [404, 1],
    ],
  );
  assert.deepEqual(counters.changes, { runtime: 2, unchanged: 0, reload: 0, failed: 1 });
});
