import assert from "node:assert/strict";
import { test } from "node:test";
import { readServiceManager } from "../../../agent/config/service-manager.ts";

const SOCKET = "/run/systemd/notify";

test("without a socket nobody wants to hear anything", () => {
  assert.equal(readServiceManager({}, 5), undefined);
  assert.equal(readServiceManager({ NOTIFY_SOCKET: "", WATCHDOG_USEC: "1000000" }, 5), undefined);
});

test("the time is for the process that is named, or for whoever it is", () => {
  const watched = { socket: SOCKET, watchdogMs: 60_000 };
  const unwatched = { socket: SOCKET, watchdogMs: undefined };
  const read = (env: Record<string, string>) => readServiceManager({ NOTIFY_SOCKET: SOCKET, ...env }, 5);
  assert.deepEqual(read({ WATCHDOG_USEC: "60000000", WATCHDOG_PID: "5" }), watched);
  assert.deepEqual(read({ WATCHDOG_USEC: "60000000" }), watched);
  assert.deepEqual(read({ WATCHDOG_USEC: "60000000", WATCHDOG_PID: "6" }), unwatched);
  assert.deepEqual(read({}), unwatched);
  for (const odd of ["0", "-1", "many", ""]) assert.deepEqual(read({ WATCHDOG_USEC: odd }), unwatched);
});
