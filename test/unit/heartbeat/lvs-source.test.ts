import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { withLvs } from "../../../agent/heartbeat/lvs-source.ts";

const OPTIONS = { timeoutMs: 1_000, signal: new AbortController().signal };
const haproxy = { list: async () => ["lb"], read: async () => undefined };

function aSource(directories: readonly string[]) {
  let loaded = 0;
  const names = async () => ({ directories, others: new Set<string>() });
  const source = withLvs(haproxy, names, async () => {
    loaded += 1;
    return { read: async () => ({ listeners: [], pools: [], defect: "asked" }) };
  });
  return { source, loaded: () => loaded };
}

suite("LVS beside HAProxy", () => {
  test("nothing is loaded where there is no LVS directory", async () => {
    const { source, loaded } = aSource(["lb", "vrrp"]);
    assert.deepEqual(await source.list(), ["lb"]);
    assert.equal(await source.read("lb", OPTIONS), undefined);
    assert.equal(loaded(), 0);
  });

  test("all LVS listeners are one more reading, loaded once", async () => {
    const { source, loaded } = aSource(["lb", "lvs"]);
    assert.deepEqual(await source.list(), ["lb", "lvs"]);
    await Promise.all([source.read("lvs", OPTIONS), source.read("lvs", OPTIONS)]);
    assert.equal((await source.read("lvs", OPTIONS))?.defect, "asked");
    assert.equal(loaded(), 1);
  });
});
