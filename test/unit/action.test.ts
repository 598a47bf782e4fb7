import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAction } from "../../agent/action.ts";

test("actions are accepted in any case", () => {
  assert.deepEqual(["start", "STOP", "Reload"].map(parseAction), ["start", "stop", "reload"]);
});

for (const word of ["", "restart", "haproxy", "START ", "constructor"]) {
  test(`"${word}" is no action, and the answer echoes it in lower case`, () => {
    assert.throws(() => parseAction(word), {
      code: "invalidInput",
      message: "Invalid Request",
      details: `Unknown action: ${word.toLowerCase()}`,
    });
  });
}
