import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConnections } from "../../../../agent/loadbalancer/runtime/parse-connections.ts";
import { encodeHistory, parseHistory } from "../../../../agent/loadbalancer/runtime/parse-history.ts";
import { encodeLeaving, parseLeaving } from "../../../../agent/loadbalancer/runtime/parse-leaving.ts";
import { encodeRecord, parseRecord } from "../../../../agent/loadbalancer/runtime/parse-record.ts";

const files = { digests: { "/a": "1" }, lists: { "/l": ["/a"] }, certificates: ["/a"] };
const record = { worker: { pid: 7, startedAt: "123", bootId: "b" }, text: "global\n", files };

test("a record is read as it was written", () => assert.deepEqual(parseRecord(encodeRecord(record)), record));

for (const text of [
  "",
  "{",
  "[]",
  "null",
  "{}",
  JSON.stringify({ ...record, worker: { pid: "7" } }),
  JSON.stringify({ ...record, files: { "/a": "1" } }),
]) {
  test(`of ${JSON.stringify(text)} nothing is known`, () => assert.equal(parseRecord(text), undefined));
}

const entry = (durationMs: number) =>
  ({ at: "2026-01-01T00:00:00.000Z", how: "reload", changes: [], durationMs }) as const;

test("the history keeps the last 20 changes", () => {
  const entries = Array.from({ length: 25 }, (_, index) => entry(index));
  assert.deepEqual(parseHistory(encodeHistory(entries)), entries.slice(5));
});

test("a history that was cut off is empty, and what is no entry is left out", () => {
  assert.deepEqual(parseHistory("[{"), []);
  assert.deepEqual(parseHistory("{}"), []);
  assert.deepEqual(parseHistory(JSON.stringify([null, {}, entry(1)])), [entry(1)]);
});

test("connections of servers are those in use and those that are kept", () => {
  const text = `# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[2]
b:f/m1 3/1 127.0.0.1 18081 - 5000 7 10 10 0 2 -1 2 1 1
`;
  assert.deepEqual([...parseConnections(text)], [["b:f/m1", { used: 7, idle: 2 }]]);
});

const leaving = { worker: record.worker, servers: [{ backend: "pool:web", name: "m1", since: 5 }] };

test("servers that leave are read as they were written, without what is none", () => {
  assert.deepEqual(parseLeaving(encodeLeaving(leaving)), leaving);
  const more = { ...leaving, servers: [...leaving.servers, null, { backend: "b" }] };
  assert.deepEqual(parseLeaving(JSON.stringify(more)), leaving);
});

for (const text of ["{", "{}", JSON.stringify({ ...leaving, worker: {} })])
  test(`${text} tells of no servers that leave`, () => assert.equal(parseLeaving(text), undefined));
