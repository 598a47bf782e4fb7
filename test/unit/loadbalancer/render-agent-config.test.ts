import assert from "node:assert/strict";
import { test } from "node:test";
import { renderAgentConfig } from "../../../agent/loadbalancer/render-agent-config.ts";

const socketLine = (adminSocket: string) =>
  renderAgentConfig({ adminSocket })
    .split("\n")
    .find((line) => line.includes("stats socket"));

test("the agent's socket has all rights, and only root may use it", () => {
  assert.equal(socketLine("/b/lb/admin.sock"), "    stats socket /b/lb/admin.sock mode 600 level admin");
});

test("a path stays one word whatever is in it, and a control character is refused", () => {
  assert.match(socketLine('/my $B/"a"\\x') ?? "", /^ {4}stats socket "\/my \\\$B\/\\"a\\"\\\\x" mode/);
  assert.throws(() => renderAgentConfig({ adminSocket: "/b\n/x" }), /control character/);
});
