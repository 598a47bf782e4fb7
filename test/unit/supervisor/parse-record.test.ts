import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeRecord, parseRecord } from "../../../agent/supervisor/parse-record.ts";

test("a record is read as it was written", () => {
  const record = { peer: "p", wanted: "running", bootId: "b" } as const;
  assert.deepEqual(parseRecord(encodeRecord(record)), record);
});

test("the record of a service without a name among peers has none", () => {
  const record = { wanted: "stopped", bootId: "b" } as const;
  assert.deepEqual(parseRecord(encodeRecord(record)), record);
});

for (const text of [
  "",
  "{",
  "null",
  "[]",
  '{"peer":"p","wanted":"maybe","bootId":"b"}',
  '{"peer":1,"wanted":"running","bootId":"b"}',
  '{"peer":"p","wanted":"running"}',
]) {
  test(`${text || "an empty file"} is no record`, () => {
    assert.equal(parseRecord(text), undefined);
  });
}
