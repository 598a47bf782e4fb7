import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeConfigurations, type StoredConfig } from "../../../agent/doctor/judge-configuration.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const MINUTE = 60_000;

function aStored(config: Partial<StoredConfig> = {}): StoredConfig {
  return {
    id: "lb",
    file: "/lb/haproxy.cfg",
    modifiedMs: NOW - 60 * MINUTE,
    rejected: undefined,
    pending: undefined,
    workerStartedMs: NOW - 59 * MINUTE,
    objection: undefined,
    ...config,
  };
}

const textsOf = (config: Partial<StoredConfig>) =>
  judgeConfigurations([aStored(config)], NOW).map(({ text }) => text);

test("a HAProxy that has started after the upload runs it", () => {
  assert.deepEqual(textsOf({}), []);
});

test("an uptime in whole seconds, a second off, is no difference", () => {
  assert.deepEqual(textsOf({ modifiedMs: NOW - 59 * MINUTE + 1_500 }), []);
});

test("a file that is newer than the worker is not what runs", () => {
  assert.deepEqual(textsOf({ modifiedMs: NOW - 30 * MINUTE }), [
    "/lb/haproxy.cfg is of 2026-11-21T11:30:00, and HAProxy runs what it read at 2026-11-21T11:01:00",
  ]);
});

test("between upload and reload there may be some seconds", () => {
  assert.deepEqual(textsOf({ modifiedMs: NOW - 5_000 }), []);
});

test("a HAProxy that does not run has nothing to compare", () => {
  assert.deepEqual(textsOf({ modifiedMs: NOW - 30 * MINUTE, workerStartedMs: undefined }), []);
});

test("a refused upload counts until another one is accepted", () => {
  const file = "/lb/haproxy.cfg.new-failed";
  const refused = textsOf({ rejected: { file, modifiedMs: NOW - 10 * MINUTE } });
  assert.deepEqual(refused, ["HAProxy refused the last upload; the one before is in use"]);
  assert.deepEqual(textsOf({ rejected: { file, modifiedMs: NOW - 61 * MINUTE } }), []);
});

test("a file that HAProxy does not accept is a failure with its words", () => {
  const [finding] = judgeConfigurations([aStored({ objection: "line 3: unknown keyword 'x'" })], NOW);
  assert.equal(finding?.severity, "failure");
  assert.match(
    finding?.text ?? "",
    /would not start again with \/lb\/haproxy.cfg: line 3: unknown keyword 'x'$/,
  );
});

test("where it is known what HAProxy runs, times do not count", () => {
  const modifiedMs = NOW - 30 * MINUTE;
  assert.deepEqual(textsOf({ modifiedMs, pending: [] }), []);
  assert.deepEqual(textsOf({ pending: ["a", "b"] }), [
    "HAProxy does not run /lb/haproxy.cfg: 2 changes wait for a reload",
  ]);
  assert.deepEqual(textsOf({ pending: ["a"], modifiedMs: NOW - 5_000 }), []);
});
