import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../../agent/config/config-parse.ts";
import { renderAgentConfig } from "../../../agent/loadbalancer/render-agent-config.ts";
import type { WorkerLimits } from "../../../agent/loadbalancer/types.ts";

function linesOf({
  adminSocket = "/b/lb/admin.sock",
  minor = 6,
  limits = {},
}: {
  adminSocket?: string;
  minor?: number;
  limits?: Partial<WorkerLimits>;
} = {}): string[] {
  const all = { ...parseConfig([], "").config, ...limits };
  return renderAgentConfig({ adminSocket, limits: all, version: { major: 2, minor } })
    .trimEnd()
    .split("\n")
    .slice(2);
}

test("the agent's socket has all rights, only root may use it, and clients keep their connections over a reload", () => {
  assert.deepEqual(linesOf(), [
    "    stats socket /b/lb/admin.sock mode 600 level admin",
    "    close-spread-time infinite",
  ]);
});

test("HAProxy itself limits age and number of workers that were replaced", () => {
  const limits = { haproxyCloseSpreadSeconds: 10, haproxyOldWorkerSeconds: 600, haproxyOldWorkers: 5 };
  assert.deepEqual(linesOf({ limits }).slice(1), [
    "    close-spread-time 10s",
    "    hard-stop-after 600s",
    "    mworker-max-reloads 5",
  ]);
});

test("a HAProxy that does not know a setting is not given it", () => {
  assert.equal(linesOf({ minor: 5 }).length, 1);
});

test("a path stays one word whatever is in it, and a control character is refused", () => {
  const [line = ""] = linesOf({ adminSocket: '/my $B/"a"\\x' });
  assert.match(line, /^ {4}stats socket "\/my \\\$B\/\\"a\\"\\\\x" mode/);
  assert.throws(() => linesOf({ adminSocket: "/b\n/x" }), /control character/);
});
