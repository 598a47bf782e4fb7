import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLvsListener } from "../../../agent/lvs/parse-listener.ts";
import { parseLvsSample } from "../../../agent/top/parse-lvs-sample.ts";
import { aConfig, aStatistics, aTable, LISTENER, memberId, POOL } from "../lvs/configs.ts";

const GROUPS = [{ vips: ["203.0.113.10"], members: ["192.0.2.11", "192.0.2.12", undefined] }];
const CONFIG = { id: LISTENER, listener: parseLvsListener(aConfig(GROUPS)) };
const TABLE = aTable(
  "UDP  CB00710A:0035 rr",
  "  -> C000020B:1388      Masq    1      2          40",
  "UDP  CB007163:0035 rr",
  "  -> C000020C:1388      Masq    1      9          9",
);
const STATISTICS = aStatistics(
  "UDP  203.0.113.10:53        120       34       30 100     7800",
  "  -> 192.0.2.11:5000        115       1       1        1       1",
  "FWM  1                      9         9       9        9       9",
  "  -> 192.0.2.12:5000        77        1       1        1       1",
);

test("flows stand for connections and requests, of a listener and of each of its members", () => {
  const { listeners, members } = parseLvsSample([CONFIG], TABLE, STATISTICS);
  assert.deepEqual(listeners, [{ id: LISTENER, state: "OPEN", connections: 42, requests: 120, errors: 0 }]);
  assert.deepEqual(
    members.map(({ id, pool, address, state, connections, requests }) => [
      id,
      pool,
      address,
      state,
      connections,
      requests,
    ]),
    [
      [memberId(1), POOL, "192.0.2.11:5000", "UP", 42, 115],
      // Not served by this service: keepalived has taken it out.
      [memberId(2), POOL, "192.0.2.12:5000", "DOWN", 0, 0],
      [memberId(3), POOL, "", "MAINT", 0, 0],
    ],
  );
  assert.equal(new Set(members.map(({ key }) => key)).size, 3);
});

test("a listener that the kernel does not serve, and a member without weight", () => {
  assert.equal(parseLvsSample([CONFIG], aTable(), aStatistics()).listeners[0]?.state, "DOWN");
  const table = aTable("UDP  CB00710A:0035 rr", "  -> C000020B:1388 Masq 0 0 0");
  assert.equal(parseLvsSample([CONFIG], table, aStatistics()).members[0]?.state, "DRAIN");
});

test("figures that cannot be read are an error", () => {
  assert.throws(() =>
    parseLvsSample([CONFIG], aTable("UDP  CB00710A:0035 rr", "  -> C000020B:1388 Masq"), ""),
  );
});
