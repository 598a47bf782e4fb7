import assert from "node:assert/strict";
import { test } from "node:test";
import { membersPerPage, renderTop, sparkline } from "../../../agent/top/render-top.ts";
import type { Model } from "../../../agent/top/types.ts";
import { aListener, aMember, VIEW } from "./some-rows.ts";

const SIZE = { columns: 80, rows: 24 };
const OPTIONS = { title: "amphora 1f7e8c4d on host", time: "12:00:00", intervalSeconds: 2, colours: false };

function aModel(model: Partial<Model> = {}): Model {
  return {
    sample: { atMs: 0, listeners: [], members: [], silent: [] },
    listeners: [aListener()],
    members: [aMember()],
    ...model,
  };
}

test("a screen has the title, listeners, members and the keys", () => {
  const lines = renderTop(aModel(), VIEW, SIZE, OPTIONS);
  assert.equal(lines.length, 24);
  assert.equal(lines[0], "amphora 1f7e8c4d on host  12:00:00  every 2 s");
  assert.equal(lines[1], "listener 11111111  OPEN  12 conns  250.0 req/s  0.5 err/s  ▅█");
  assert.equal(lines[2], "members 1 to 1 of 1");
  assert.match(lines[3] ?? "", /^MEMBER +ADDRESS +STATE +vREQ\/S +ERR\/S +QUEUE +CONNS +MS TREND$/);
  assert.match(lines[4] ?? "", /^33333333 10\.0\.0\.10:8080 +UP +123\.4 +0\.0 +0 +5 +12 +▅█$/);
  assert.match(lines[23] ?? "", /^q quit {2}sort: r requests/);
});

test("no line is longer than the terminal, and none is too much, however small it is", () => {
  const members = Array.from({ length: 100 }, (_, index) =>
    aMember({
      key: `${index}`,
      requestRate: 1e9,
      latencyMs: 1e12,
      queue: 123_456,
      history: Array(20).fill(9),
    }),
  );
  const address = "[2001:db8:1234:5678:9abc:def0:1234:5678]:65535";
  const model = aModel({ members: [...members, aMember({ address, state: "DOWN 1/2 (agent)" })] });
  for (const [columns, rows] of [
    [80, 24],
    [40, 10],
    [20, 5],
    [132, 50],
  ] as const) {
    const lines = renderTop(model, VIEW, { columns, rows }, OPTIONS);
    assert.equal(lines.length, rows);
    for (const line of lines) assert.ok(line.length <= columns, `${line.length} > ${columns}: ${line}`);
  }
});

test("what is sorted by is marked, with its direction", () => {
  const head = (view: Partial<typeof VIEW>) =>
    renderTop(aModel(), { ...VIEW, ...view }, SIZE, OPTIONS)[3] ?? "";
  assert.match(head({ sort: "latency" }), /vMS/);
  assert.match(head({ sort: "latency", ascending: true }), /\^MS/);
  assert.doesNotMatch(head({ sort: "latency" }), /vREQ/);
});

test("scrolling shows the next members, and says which", () => {
  const members = Array.from({ length: 40 }, (_, index) =>
    aMember({ key: `${index}`, id: `member${index}`, requestRate: 40 - index }),
  );
  const model = aModel({ members });
  const page = membersPerPage(model, SIZE);
  const lines = renderTop(model, { ...VIEW, offset: 5 }, SIZE, OPTIONS);
  assert.equal(lines[2], `members 6 to ${5 + page} of 40`);
  assert.match(lines[4] ?? "", /^member5 /);
});

test("of many listeners the first are shown and the others counted", () => {
  const listeners = Array.from({ length: 7 }, (_, index) => aListener({ id: `listener-${index}` }));
  const lines = renderTop(aModel({ listeners }), VIEW, SIZE, OPTIONS);
  assert.equal(lines.filter((line) => line.startsWith("listener ")).length, 5);
  assert.ok(lines.includes("members 1 to 1 of 1, 2 more listeners"));
});

test("before the first answer, without an answer, and paused, the title says so", () => {
  const titleOf = (model: Model, view = VIEW) => renderTop(model, view, SIZE, OPTIONS)[0] ?? "";
  assert.match(titleOf(aModel({ sample: undefined })), /waiting for HAProxy$/);
  const silent = ["99999999: no answer"];
  assert.match(
    titleOf(aModel({ sample: { atMs: 0, listeners: [], members: [], silent } })),
    /NO ANSWER: 9{8}/,
  );
  assert.match(titleOf(aModel(), { ...VIEW, paused: true }), /PAUSED/);
  assert.ok(renderTop(aModel({ members: [] }), VIEW, SIZE, OPTIONS).includes("no members"));
});

test("colours mark members that need a look, where they are wanted", () => {
  const model = aModel({ members: [aMember({ state: "DOWN" }), aMember({ queue: 3 }), aMember()] });
  const lines = renderTop(model, VIEW, SIZE, { ...OPTIONS, colours: true });
  assert.ok(lines[4]?.startsWith("\x1b[31m"));
  assert.ok(lines[5]?.startsWith("\x1b[33m"));
  assert.ok(!lines[6]?.includes("\x1b"));
  assert.ok(!renderTop(model, VIEW, SIZE, OPTIONS).join("").includes("\x1b"));
});

test("a sparkline has a bar per value, up to the common height", () => {
  assert.equal(sparkline([0, 1, 4, 8], 8), " ▂▅█");
  assert.equal(sparkline([], 1), "");
});
