import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { MALLOC_ENVIRONMENT } from "../../../scripts/bundle.ts";

test("the image's unit gives the agent the environment that the launcher gives it", async () => {
  const unit = "../../../elements/amphora-agent/static/etc/systemd/system/amphora-agent.service";
  const text = await readFile(new URL(unit, import.meta.url), "utf8");
  assert.ok(text.split("\n").includes(`Environment=${MALLOC_ENVIRONMENT}`));
});
