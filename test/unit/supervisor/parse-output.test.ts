import assert from "node:assert/strict";
import { test } from "node:test";
import { levelOfOutput } from "../../../agent/supervisor/parse-output.ts";

test("HAProxy's own severity decides the level of its words", () => {
  assert.equal(levelOfOutput("[ALERT]    (36) : Current worker (49) exited with code 139"), "error");
  assert.equal(levelOfOutput("[EMERG]    (36) : gone"), "error");
  assert.equal(levelOfOutput("[WARNING]  (49) : Server b/s is DOWN"), "warn");
  assert.equal(levelOfOutput("[NOTICE]   (36) : Loading success."), "info");
  assert.equal(levelOfOutput("   | with such a configuration [ALERT]"), "info");
});
