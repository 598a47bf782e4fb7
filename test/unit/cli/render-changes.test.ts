import assert from "node:assert/strict";
import { test } from "node:test";
import { renderHistory, renderOutlook } from "../../../agent/cli/render-changes.ts";

test("an outlook tells what differs, and what a reload would be", () => {
  const none = { changes: [], differences: [], reload: "nothing" } as const;
  assert.equal(renderOutlook(none), "HAProxy works with what was uploaded.");
  assert.equal(
    renderOutlook({ ...none, changes: ["m1 disabled"], reload: "runtime" }),
    "m1 disabled\nA reload would be: changes while it runs, no reload",
  );
  assert.equal(
    renderOutlook({ ...none, changes: ["listener f added"], reload: "reload", reason: "frontend f is new" }),
    "listener f added\nA reload would be: a reload of HAProxy (frontend f is new)",
  );
});

test("a history has a line for each change and one for each thing that it changed, the newest last", () => {
  const entry = {
    at: "2026-11-21T13:32:57.149Z",
    durationMs: 10,
    changes: ["weight of m1 1→5", "m2 disabled"],
  };
  assert.equal(renderHistory([]), "No changes yet.");
  assert.equal(
    renderHistory([
      { ...entry, how: "runtime" },
      { ...entry, how: "rolled back", changes: [], reason: "Error reloading haproxy: [ALERT] no\nand more" },
    ]),
    `2026-11-21 13:32:57Z  runtime, 10 ms
    weight of m1 1→5
    m2 disabled
2026-11-21 13:32:57Z  rolled back, 10 ms (Error reloading haproxy: [ALERT] no ...)`,
  );
});
