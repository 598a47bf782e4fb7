import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { parseDestinations, Rotation } from "../../../agent/heartbeat/destinations-parse.ts";

const all = (): boolean => true;

suite("the list of controllers", () => {
  const wellFormed: [string, string, number][] = [
    ["192.0.2.1:5555", "192.0.2.1", 5555],
    ["[2001:db8::1]:5555", "2001:db8::1", 5555],
    ["2001:db8::1:5555", "2001:db8::1", 5555],
    ["[fe80::1%eth0]:1", "fe80::1%eth0", 1],
    ["controller-1.example:65535", "controller-1.example", 65535],
    [" 192.0.2.1:5555 ", "192.0.2.1", 5555],
  ];
  for (const [entry, host, port] of wellFormed) {
    test(`may have ${entry}`, () => {
      assert.deepEqual(parseDestinations([entry]), { destinations: [{ host, port }], malformed: [] });
    });
  }

  for (const entry of [
    "bad",
    "",
    ":5555",
    "host:",
    "host:0",
    "host:65536",
    "host:x",
    "2001:db8::1",
    "[host]:1",
    "a b:1",
  ]) {
    test(`may not have "${entry}"`, () => {
      assert.deepEqual(parseDestinations([entry]), { destinations: [], malformed: [entry] });
    });
  }

  test("is used without its malformed entries, in order", () => {
    const { destinations, malformed } = parseDestinations(["bad", "192.0.2.1:1", "worse:", "192.0.2.2:2"]);
    assert.deepEqual(
      destinations.map(({ host }) => host),
      ["192.0.2.1", "192.0.2.2"],
    );
    assert.deepEqual(malformed, ["bad", "worse:"]);
  });

  test("never loses an entry, whatever the text", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (list) => {
        const { destinations, malformed } = parseDestinations(list);
        assert.equal(destinations.length + malformed.length, list.length);
      }),
    );
  });
});

suite("the rotation of controllers", () => {
  const ports = (rotation: Rotation, count: number, isUsable: Parameters<Rotation["take"]>[0] = all) =>
    Array.from({ length: count }, () => rotation.take(isUsable)?.port);

  test("takes turns from the first entry on", () => {
    const rotation = new Rotation();
    rotation.use(["a:1", "b:2", "c:3"]);
    assert.deepEqual(ports(rotation, 5), [1, 2, 3, 1, 2]);
  });

  test("goes on when the same list is configured again", () => {
    const rotation = new Rotation();
    rotation.use(["a:1", "b:2"]);
    rotation.take(all);
    assert.equal(rotation.use(["a:1", "b:2"]), undefined);
    assert.deepEqual(ports(rotation, 2), [2, 1]);
  });

  test("starts again when the list changes, and says what is wrong with the new one", () => {
    const rotation = new Rotation();
    rotation.use(["a:1", "b:2"]);
    rotation.take(all);
    assert.deepEqual(rotation.use(["c:3", "bad"])?.malformed, ["bad"]);
    assert.deepEqual(ports(rotation, 2), [3, 3]);
  });

  test("passes over those that cannot be used, for this turn only", () => {
    const rotation = new Rotation();
    rotation.use(["a:1", "b:2", "c:3"]);
    assert.deepEqual(
      ports(rotation, 3, ({ port }) => port !== 1),
      [2, 3, 2],
    );
    assert.deepEqual(ports(rotation, 2), [3, 1]);
  });

  test("has nothing when none can be used", () => {
    const rotation = new Rotation();
    assert.equal(rotation.take(all), undefined);
    rotation.use(["a:1"]);
    assert.equal(
      rotation.take(() => false),
      undefined,
    );
  });
});
