import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AgentError } from "../../../agent/errors.ts";
import { encodeListener, encodePool } from "../../../agent/lvs/encode-sample.ts";
import { type KernelState, parseCounters, parseServers } from "../../../agent/lvs/parse-kernel.ts";
import { parseLvsListener } from "../../../agent/lvs/parse-listener.ts";
import { aConfig, aStatistics, aTable, LISTENER, memberId, POOL } from "./configs.ts";

const SERVICE = "UDP  C0000201:0035 rr";
const MEMBERS = ["192.0.2.10", undefined, "192.0.2.12", undefined];

function kernel(...servers: readonly string[]): KernelState {
  return {
    servers: parseServers(aTable(SERVICE, ...servers)),
    counters: parseCounters(aStatistics("UDP 192.0.2.1:53 5 6 7 80 90")),
  };
}

function pool(
  state: KernelState,
  {
    members = MEMBERS,
    monitor,
    restarting = false,
  }: { members?: typeof MEMBERS; monitor?: boolean; restarting?: boolean } = {},
) {
  const config = aConfig([{ vips: ["192.0.2.1"], members }], monitor === undefined ? {} : { monitor });
  return encodePool(parseLvsListener(config), state, restarting);
}

suite("the state of members", () => {
  test("every disabled member is in maintenance, also beside members that are served", () => {
    assert.deepEqual(pool(kernel("-> C000020A:1388 Masq 1 3 0")), {
      key: POOL,
      status: "UP",
      members: { [memberId(1)]: "UP", [memberId(2)]: "MAINT", [memberId(3)]: "DOWN", [memberId(4)]: "MAINT" },
    });
  });

  test("a member that keepalived has not come to yet is restarting, not down", () => {
    const serving = kernel("-> C000020A:1388 Masq 1 3 0");
    assert.equal(pool(serving, { restarting: true })?.members[memberId(3)], "RESTARTING");
    assert.deepEqual(pool(kernel(), { restarting: true, members: ["192.0.2.10"] }), {
      key: POOL,
      status: "DOWN",
      members: { [memberId(1)]: "RESTARTING" },
    });
  });

  test("a member without weight drains, with and without a health monitor", () => {
    const draining = kernel("-> C000020A:1388 Masq 0 3 0", "-> C000020C:1388 Masq 1 0 0");
    for (const [monitor, other] of [
      [true, "UP"],
      [false, "no check"],
    ] as const) {
      const { members = {} } = pool(draining, { monitor }) ?? {};
      assert.deepEqual([members[memberId(1)], members[memberId(3)]], ["DRAIN", other]);
    }
  });

  test("without checks and without servers nobody knows why: no check, and the pool is up", () => {
    assert.deepEqual(pool(kernel(), { monitor: false, members: ["192.0.2.10", undefined] }), {
      key: POOL,
      status: "UP",
      members: { [memberId(1)]: "no check", [memberId(2)]: "MAINT" },
    });
  });

  test("a missing check.pid matters only where there are members", () => {
    const listener = (members: typeof MEMBERS) =>
      parseLvsListener(aConfig([{ vips: ["192.0.2.1"], members }]));
    assert.throws(() => encodePool(listener(MEMBERS), kernel(), undefined), AgentError);
    assert.deepEqual(encodePool(listener([]), kernel(), undefined), { key: POOL, status: "UP", members: {} });
  });
});

suite("the counters of a listener", () => {
  const listener = parseLvsListener(
    aConfig([
      { vips: ["192.0.2.1"], members: ["192.0.2.10"] },
      { vips: ["2001:db8::1"], members: ["2001:db8::10"] },
    ]),
  );

  test("are summed over its addresses, exactly", () => {
    const v6 = "[2001:0db8:0000:0000:0000:0000:0000:0001]:0035";
    const state: KernelState = {
      servers: parseServers(
        aTable(SERVICE, "-> C000020A:1388 Masq 1 3 0", `UDP ${v6} rr`, `-> ${v6} Masq 1 4 0`),
      ),
      counters: parseCounters(
        aStatistics(
          "UDP 192.0.2.1:53 5 0 0 9007199254740993 1",
          "UDP [2001:db8::1]:53 6 0 0 9007199254740993 2",
        ),
      ),
    };
    assert.deepEqual(encodeListener(LISTENER, listener, state), {
      id: LISTENER,
      status: "OPEN",
      currentConnections: 7,
      counters: { bin: 18014398509481986n, bout: 3, ereq: 0, stot: 11 },
    });
  });

  test("are zero while the kernel does not know it, and of the other protocol's service none are taken", () => {
    const state: KernelState = {
      servers: parseServers(aTable("SCTP C0000201:0035 rr", "-> C000020A:1388 Masq 1 3 0")),
      counters: parseCounters(aStatistics("SCTP 192.0.2.1:53 5 6 7 80 90")),
    };
    for (const seen of [state, undefined]) {
      assert.deepEqual(encodeListener(LISTENER, listener, seen), {
        id: LISTENER,
        status: "OPEN",
        currentConnections: 0,
        counters: { bin: 0, bout: 0, ereq: 0, stot: 0 },
      });
    }
  });
});
