import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { withLvs } from "../../../agent/heartbeat/lvs-source.ts";

const nothing = () => undefined;
const haproxy = { list: () => ["lb"], read: async () => undefined, release: nothing, close: nothing };

function aSource(directories: readonly string[]) {
  let loaded = 0;
  const source = withLvs(haproxy, async () => {
    loaded += 1;
    return { read: async () => ({ listeners: [], pools: [], defect: "asked" }) };
  });
  const list = async () => await source.list({ directories, others: new Set() });
  return { source, list, loaded: () => loaded };
}

suite("LVS beside HAProxy", () => {
  test("nothing is loaded where there is no LVS directory", async () => {
    const { source, list, loaded } = aSource(["lb", "vrrp"]);
    assert.deepEqual(await list(), ["lb"]);
    assert.equal(await source.read("lb"), undefined);
    assert.equal(loaded(), 0);
  });

  test("all LVS listeners are one more reading, loaded once", async () => {
    const { source, list, loaded } = aSource(["lb", "lvs"]);
    assert.deepEqual(await list(), ["lb", "lvs"]);
    await Promise.all([source.read("lvs"), source.read("lvs")]);
    assert.equal((await source.read("lvs"))?.defect, "asked");
    assert.equal(loaded(), 1);
  });
});
