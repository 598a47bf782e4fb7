import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { AgentError } from "../../../agent/errors.ts";
import { DATAGRAM_LIMIT, fitDatagram } from "../../../agent/heartbeat/fit.ts";
import type { Message } from "../../../agent/heartbeat/types.ts";

const STATS = { tx: 0, rx: 0, conns: 0, totconns: 0, ereq: 0 };

/** Pools by key, with as many members as given and their status. */
function aMessage(pools: Record<string, readonly [size: number, status: string]>, listeners = 1): Message {
  const ids = Array.from({ length: listeners }, (_, number) => `listener-${number}`);
  const entries = Object.entries(pools).map(([key, [size, status]]) => {
    const members = Array.from({ length: size }, (_, number) => [`${key} member ${number}`, status]);
    return [key, { status: "UP", members: Object.fromEntries(members) as Record<string, string> }] as const;
  });
  return {
    id: "amphora",
    seq: 1,
    listeners: Object.fromEntries(ids.map((id) => [id, { status: "OPEN", stats: STATS }])),
    pools: Object.fromEntries(entries),
    ver: 3,
  };
}

/** Without compression, so that sizes are easy to reason about. */
async function seal(message: Message): Promise<Buffer> {
  return Buffer.from(JSON.stringify(message));
}

async function fit(message: Message, limit: number, start = 0) {
  const { datagram, ...left } = await fitDatagram(message, seal, start, limit);
  assert.ok(datagram.length <= limit);
  return { sent: JSON.parse(datagram.toString()) as Message, left };
}

function emptied({ pools }: Message): string[] {
  return Object.keys(pools).filter((key) => Object.keys(pools[key]?.members ?? {}).length === 0);
}

const NOTHING = { poolsWithoutMembers: 0, membersLeftOut: 0, poolsLeftOut: 0 };

suite("fitting a heartbeat into a datagram", () => {
  test("changes nothing about a message that fits, not even a pool that is in it twice", async () => {
    const message = aMessage({ "p:a": [3, "UP"], "p:b": [3, "UP"] });
    assert.deepEqual(await fit(message, DATAGRAM_LIMIT), { sent: message, left: NOTHING });
  });

  test("first leaves out the entries that the receiver overwrites", async () => {
    const message = aMessage({ "p:a": [9, "UP"], "q:a": [9, "UP"], "p:b": [9, "UP"] });
    const { sent, left } = await fit(message, JSON.stringify(message).length - 1);
    assert.deepEqual(Object.keys(sent.pools), ["q:a", "p:b"]);
    assert.deepEqual(left, NOTHING);
  });

  test("then leaves out the members of the largest pool", async () => {
    const message = aMessage({ "p:a": [20, "UP"], "q:a": [30, "UP"], "r:a": [10, "DOWN"] });
    const { sent, left } = await fit(message, JSON.stringify(message).length - 1);
    assert.deepEqual(emptied(sent), ["q:a"]);
    assert.deepEqual(left, { poolsWithoutMembers: 1, membersLeftOut: 30, poolsLeftOut: 0 });
  });

  test("prefers pools whose members are not checked: the receiver does not mind missing those", async () => {
    const message = aMessage({ "p:a": [30, "UP"], "q:a": [10, "no check"] });
    const { sent } = await fit(message, JSON.stringify(message).length - 1);
    assert.deepEqual(emptied(sent), ["q:a"]);
  });

  test("leaves out all pools when even without members they do not fit", async () => {
    const message = aMessage({ "p:a": [3, "UP"], "q:a": [4, "UP"] });
    const { sent, left } = await fit(message, JSON.stringify({ ...message, pools: {} }).length);
    assert.deepEqual(sent, { ...message, pools: {} });
    assert.deepEqual(left, { poolsWithoutMembers: 0, membersLeftOut: 7, poolsLeftOut: 2 });
  });

  test("gives up when the listeners alone do not fit", async () => {
    await assert.rejects(async () => fitDatagram(aMessage({}, 100), seal, 0, 1_000), AgentError);
  });

  test("returns to the whole message when it fits again", async () => {
    const message = aMessage({ "p:a": [30, "UP"], "q:a": [30, "UP"] });
    assert.deepEqual(await fit(message, DATAGRAM_LIMIT, 2), { sent: message, left: NOTHING });
  });

  test("begins with what was left out before, and then seals once", async () => {
    const pools = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`p${n}:a`, [10, "UP"] as const]));
    const message = aMessage(pools);
    const limit = JSON.stringify(message).length >> 1;
    const first = await fitDatagram(message, seal, 0, limit);
    let sealed = 0;
    const counting = async (part: Message): Promise<Buffer> => {
      sealed += 1;
      // The next heartbeat's counters are a little longer.
      return await seal({ ...part, id: "amphora!" });
    };
    await fitDatagram(message, counting, first.poolsWithoutMembers, limit + 30);
    assert.ok(sealed <= 2, `sealed ${sealed} times`);
  });

  test("always fits, keeps every listener and pool, and gives up at most one pool too many", async () => {
    const status = fc.constantFrom("UP", "DOWN", "no check");
    const pools = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), status), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(
        pools,
        fc.nat(30),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (list, start, share) => {
          const message = aMessage(Object.fromEntries(list.map((pool, number) => [`p${number}:a`, pool])));
          const bare = aMessage(
            Object.fromEntries(list.map((_, number) => [`p${number}:a`, [0, "UP"] as const])),
          );
          const least = JSON.stringify(bare).length;
          const limit = least + Math.ceil((JSON.stringify(message).length - least) * share);
          const { sent, left } = await fit(message, limit, start);
          assert.deepEqual(Object.keys(sent.pools), Object.keys(message.pools));
          assert.deepEqual(sent.listeners, message.listeners);
          const missing = emptied(sent).filter(
            (key) => Object.keys(message.pools[key]?.members ?? {}).length > 0,
          );
          assert.equal(missing.length, left.poolsWithoutMembers);
          await assertNeeded(message, missing, limit);
        },
      ),
    );
  });
});

/** With the two smallest of the pools that were given up first, the message would be too large. */
async function assertNeeded(message: Message, missing: readonly string[], limit: number): Promise<void> {
  const cost = (key: string): number => JSON.stringify(message.pools[key]?.members).length;
  const checked = (key: string): boolean =>
    Object.values(message.pools[key]?.members ?? {}).some((status) => status !== "no check");
  const order = missing.toSorted((a, b) => Number(checked(a)) - Number(checked(b)) || cost(b) - cost(a));
  const given = new Set(order.slice(0, -2));
  if (missing.length < 2) return;
  const fuller: Message = {
    ...message,
    pools: Object.fromEntries(
      Object.entries(message.pools).map(([key, pool]) => [
        key,
        given.has(key) ? { ...pool, members: {} } : pool,
      ]),
    ),
  };
  assert.ok((await seal(fuller)).length > limit, "two pools more would have fitted");
}
