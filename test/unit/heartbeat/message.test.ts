import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { AgentError } from "../../../agent/errors.ts";
import { parseExact } from "../../../agent/heartbeat/exact-json.ts";
import { buildMessage, encodeMessage } from "../../../agent/heartbeat/message.ts";
import type { Count, CounterTable, Message } from "../../../agent/heartbeat/types.ts";
import type {
  LeavingSample,
  ListenerCounters,
  LoadBalancerSample,
} from "../../../agent/loadbalancer/types.ts";

const NONE: CounterTable = new Map();

function aSample(counters: Partial<ListenerCounters> = {}, id = "listener"): LoadBalancerSample {
  const all = { bin: 0, bout: 0, ereq: 0, stot: 0, ...counters };
  return { listeners: [{ id, status: "OPEN", currentConnections: 0, counters: all }], pools: [] };
}

function remembered(counts: Record<string, Count>): CounterTable {
  return new Map([["listener", counts]]);
}

function statsAfter(last: Record<string, Count>, counters: Partial<ListenerCounters>) {
  return buildMessage("a", 0, [aSample(counters)], remembered(last)).message.listeners.listener?.stats;
}

const textOf = (message: Message): string => encodeMessage(message).join("");

suite("a heartbeat's message", () => {
  test("has all keys in the contract's order, also for an amphora without load balancers", () => {
    const { message } = buildMessage("amphora", 7, [], NONE);
    assert.equal(textOf(message), '{"id":"amphora","seq":7,"listeners":{},"pools":{},"ver":3}');
  });

  test("reports listeners and pools of every load balancer", () => {
    const first = { ...aSample({ bin: 1, bout: 2, ereq: 3, stot: 4 }), pools: [pool("p:listener")] };
    const second = { ...aSample({}, "other"), pools: [pool("p:other")] };
    const { message } = buildMessage("amphora", 0, [first, second], NONE);
    assert.equal(
      textOf(message),
      '{"id":"amphora","seq":0,"listeners":{' +
        '"listener":{"status":"OPEN","stats":{"tx":2,"rx":1,"conns":0,"totconns":4,"ereq":3}},' +
        '"other":{"status":"OPEN","stats":{"tx":0,"rx":0,"conns":0,"totconns":0,"ereq":0}}},' +
        '"pools":{"p:listener":{"status":"UP","members":{"m":"UP"}},"p:other":{"status":"UP","members":{"m":"UP"}}},' +
        '"ver":3}',
    );
  });

  test("has the last one's parts where there is nothing new", () => {
    const sample = { ...aSample(), pools: [pool("p:listener")] };
    const first = buildMessage("a", 0, [sample], NONE);
    const second = buildMessage("a", 1, [sample], first.counters, first);
    const third = buildMessage("a", 2, [sample], second.counters, second);
    const [, ...known] = encodeMessage(second.message);
    assert.deepEqual(encodeMessage(third.message), ['{"id":"a","seq":2', ...known]);
    assert.deepEqual(third.message.pools, first.message.pools);
  });

  test("is not built from a defective sample", () => {
    const defective = { ...aSample(), defect: "a counter is missing" };
    assert.throws(() => buildMessage("a", 0, [aSample(), defective], NONE), AgentError);
  });

  test("writes numbers exactly that a double cannot hold", () => {
    const { message } = buildMessage("a", 0, [aSample({ bin: 18446744073709551615n })], NONE);
    assert.match(textOf(message), /"rx":18446744073709551615,/);
    assert.deepEqual(parseExact(textOf(message)), message);
  });

  function pool(key: string) {
    return { key, status: "UP", members: { m: "UP" } };
  }
});

suite("increments in a message", () => {
  test("are the whole counters of a listener that is seen for the first time", () => {
    const stats = buildMessage("a", 0, [aSample({ bin: 5 })], NONE).message.listeners.listener?.stats;
    assert.equal(stats?.rx, 5);
  });

  test("are the differences to the last counters", () => {
    const stats = statsAfter(
      { bin: 10, bout: 20, ereq: 1, stot: 2 },
      { bin: 11, bout: 22, ereq: 1, stot: 5 },
    );
    assert.deepEqual(stats, { tx: 2, rx: 1, conns: 0, totconns: 3, ereq: 0 });
  });

  test("are the new counters, each by itself, after a restart of HAProxy", () => {
    const stats = statsAfter({ bin: 10, bout: 20, ereq: 1, stot: 2 }, { bin: 3, bout: 25, ereq: 0, stot: 2 });
    assert.deepEqual(stats, { tx: 5, rx: 3, conns: 0, totconns: 0, ereq: 0 });
  });

  test("count a metric that was not remembered from zero", () => {
    assert.deepEqual(statsAfter({ bin: 10 }, { bin: 11, bout: 7 }), {
      tx: 7,
      rx: 1,
      conns: 0,
      totconns: 0,
      ereq: 0,
    });
  });

  test("are exact between large counters", () => {
    assert.equal(statsAfter({ bin: 2n ** 63n }, { bin: 2n ** 63n + 1n })?.rx, 1);
    assert.equal(statsAfter({ bin: 1 }, { bin: 2n ** 63n })?.rx, 2n ** 63n - 1n);
    assert.equal(statsAfter({ bin: 2n ** 63n }, { bin: 1 })?.rx, 1);
  });

  test("keep counting from listeners that are gone", () => {
    const { counters } = buildMessage("a", 0, [aSample({}, "new")], remembered({ bin: 9 }));
    assert.deepEqual([...counters.keys()], ["listener", "new"]);
    assert.deepEqual(counters.get("listener"), { bin: 9 });
  });

  test("leave the counters as they are, as the same object, when nothing has moved", () => {
    const before = remembered({ bin: 1, bout: 0, ereq: 0, stot: 0 });
    assert.equal(buildMessage("a", 0, [aSample({ bin: 1 })], before).counters, before);
    assert.notEqual(buildMessage("a", 0, [aSample({ bin: 2 })], before).counters, before);
  });

  test("do not change the counters that were passed in", () => {
    const before = remembered({ bin: 1 });
    buildMessage("a", 0, [aSample({ bin: 2 })], before);
    assert.deepEqual(before, remembered({ bin: 1 }));
  });
});

suite("parts of the last message", () => {
  const pools = [{ key: "p:listener", status: "UP", members: { m: "UP" } }];
  const sample = { ...aSample({ bin: 5 }), pools };

  test("serve again while nothing happens", () => {
    const first = buildMessage("a", 0, [sample], remembered({ bin: 5, bout: 0, ereq: 0, stot: 0 }));
    const next = buildMessage("a", 1, [sample], first.counters, first);
    assert.equal(next.message.seq, 1);
    assert.equal(next.message.listeners, first.message.listeners);
    assert.equal(next.message.pools, first.message.pools);
  });

  test("do not tell of the same bytes twice", () => {
    const first = buildMessage("a", 0, [sample], NONE);
    assert.equal(first.message.listeners.listener?.stats.rx, 5);
    const next = buildMessage("a", 1, [sample], first.counters, first);
    assert.equal(next.message.listeners.listener?.stats.rx, 0);
    assert.equal(next.message.pools, first.message.pools);
  });

  test("make what a message without them would be, whatever comes and goes", () => {
    const some = [
      sample,
      aSample({ bin: 7 }),
      { ...aSample({ bin: 5 }), pools: [{ key: "p:listener", status: "DOWN", members: {} }] },
      aSample({ stot: 2n ** 63n }, "other"),
      { ...sample, leaving: [{ ...aSample({ bin: 3 }).listeners[0], worker: "w" } as LeavingSample] },
    ];
    const choice = fc.uniqueArray(fc.nat(some.length - 1), { maxLength: 3 });
    fc.assert(
      fc.property(fc.array(choice, { maxLength: 8 }), (rounds) => {
        let last: ReturnType<typeof buildMessage> | undefined;
        for (const [sequence, chosen] of rounds.entries()) {
          const samples = chosen.flatMap((index) => some[index] ?? []);
          const counters = last?.counters ?? NONE;
          const anew = buildMessage("a", sequence, samples, counters);
          last = buildMessage("a", sequence, samples, counters, last);
          assert.equal(textOf(last.message), JSON.stringify(anew.message, exact));
          assert.deepEqual(last.counters, anew.counters);
        }
      }),
    );
  });

  const exact = (_key: string, value: unknown) =>
    typeof value === "bigint" ? JSON.rawJSON(String(value)) : value;
});
