import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSample } from "../../../agent/top/parse-sample.ts";

const HEADER =
  "# pxname,svname,qcur,scur,stot,ereq,econ,eresp,status,weight,hrsp_5xx,req_tot,qtime,ctime,rtime,\n";
const NO_ADDRESSES = new Map();
const ADDRESSES = new Map([["p1:l1", new Map([["m1", "10.0.0.1:80"]])]]);
const rows = (...lines: string[]) => Buffer.from(`${HEADER}${lines.map((line) => `${line}\n`).join("")}\n`);

test("frontends are listeners, servers are members of a pool", () => {
  const { listeners, members } = parseSample(
    rows("l1,FRONTEND,,3,40,2,,,OPEN,,5,77,,,,", "p1:l1,m1,1,4,50,,6,7,UP,1,8,,10,20,30,"),
    ADDRESSES,
  );
  assert.deepEqual(listeners, [{ id: "l1", state: "OPEN", connections: 3, requests: 77, errors: 7 }]);
  assert.deepEqual(members, [
    {
      key: "p1:l1 m1",
      id: "m1",
      pool: "p1",
      address: "10.0.0.1:80",
      state: "UP",
      connections: 4,
      queue: 1,
      requests: 50,
      errors: 21,
      latencyMs: 60,
    },
  ]);
});

test("a TCP listener has sessions in place of requests", () => {
  assert.equal(
    parseSample(rows("l1,FRONTEND,,3,40,2,,,OPEN,,,,,,,"), NO_ADDRESSES).listeners[0]?.requests,
    40,
  );
});

test("a member without weight drains", () => {
  assert.equal(parseSample(rows("p:l,m,0,0,0,,0,0,UP,0,0,,0,0,0,"), NO_ADDRESSES).members[0]?.state, "DRAIN");
});

test("the exporter's own proxies are nobody's", () => {
  const { listeners, members } = parseSample(
    rows(
      "prometheus-exporter-internal-endpoint,FRONTEND,,3,40,2,,,OPEN,,,,,,,,",
      "prometheus-exporter-internal,s,0,0,0,,0,0,UP,1,0,,0,0,0,",
    ),
    NO_ADDRESSES,
  );
  assert.deepEqual([listeners, members], [[], []]);
});

test("an answer without a row, and one that is cut off", () => {
  assert.deepEqual(parseSample(Buffer.from("\n"), NO_ADDRESSES), { listeners: [], members: [] });
  assert.throws(() => parseSample(Buffer.from(`${HEADER}l1,FRONT`), NO_ADDRESSES), /cut off/);
});
