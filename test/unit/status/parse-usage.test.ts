import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentError } from "../../../agent/errors.ts";
import { parseFileCount, parseTrackedConnections } from "../../../agent/status/parse-usage.ts";

test("tracked connections are the same on every processor's line, in hexadecimal", () => {
  const table = "entries  clashres found\n0000001f  00000000 00000000\n0000001f  00000000 00000000\n";
  assert.equal(parseTrackedConnections(table), 31);
  assert.equal(parseTrackedConnections("entries  clashres found\n"), undefined);
  assert.equal(parseTrackedConnections(""), undefined);
});

test("open files of the machine, and the most that there can be", () => {
  assert.deepEqual(parseFileCount("1632\t0\t9223372036854775807\n"), { used: 1632, limit: 2 ** 63 });
  assert.throws(() => parseFileCount(""), AgentError);
});
