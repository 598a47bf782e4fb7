import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePorts, parseTracking } from "../../../agent/doctor/parse-sockets.ts";

const HEADER =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const TCP = `${HEADER}   0: 0500000A:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0500000A:9C40 0A00000A:1F90 01 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 0500000A:9C41 0A00000A:1F90 06 00000000:00000000 00:00000000 00000000     0        0 0 1
   3: 0500000A:9C42 0B00000A:1F90 01 00000000:00000000 00:00000000 00000000     0        0 3 1
   4: 0500000A:0050 0B00000A:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4 1
`;
const TCP6 = `${HEADER}   0: B80D0120000000000000000005000000:9C40 B80D012000000000000000000A000000:01BB 01 0:0 00:0 0 0 0 5 1
   1: 0000000000000000FFFF00000500000A:9C43 0000000000000000FFFF00000A00000A:1F90 01 0:0 00:0 0 0 0 6 1
`;

test("connections count by both ends, those that are closing as well", () => {
  const { range, used } = parsePorts([TCP], "40000\t40100\n");
  assert.deepEqual(range, [40_000, 40_100]);
  assert.deepEqual(used, [
    { from: "10.0.0.5", to: "10.0.0.10:8080", count: 2 },
    { from: "10.0.0.5", to: "10.0.0.11:8080", count: 1 },
  ]);
});

test("listeners, connections of clients and ports outside the range take none of it", () => {
  assert.deepEqual(parsePorts([TCP], "50000 60000").used, []);
});

test("IPv6 addresses are shown as such, and IPv4 ones in them as what they are", () => {
  assert.deepEqual(parsePorts([TCP6], "40000 40100").used, [
    { from: "2001:db8:0:0:0:0:0:5", to: "[2001:db8:0:0:0:0:0:a]:443", count: 1 },
    { from: "10.0.0.5", to: "10.0.0.10:8080", count: 1 },
  ]);
});

test("counts of all processors add up, and are hexadecimal", () => {
  const statistics = "entries  searched drop early_drop\n00000010 0 0000000a 0\n00000010 0 00000001 0\n";
  assert.deepEqual(parseTracking("16\n", "1000\n", statistics), { count: 16, max: 1_000, dropped: 11 });
});

test("without the kernel's module nothing is tracked, and without its statistics nothing was dropped", () => {
  assert.equal(parseTracking(undefined, undefined, undefined), undefined);
  assert.deepEqual(parseTracking("1", "2", undefined), { count: 1, max: 2, dropped: 0 });
});
