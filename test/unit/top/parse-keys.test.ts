import assert from "node:assert/strict";
import { test } from "node:test";
import { parseKeys } from "../../../agent/top/parse-keys.ts";
import { VIEW } from "./some-rows.ts";

const PAGE = 10;
const COUNT = 25;
const after = (text: string, view = VIEW) => parseKeys(text, view, PAGE, COUNT);

test("q, Ctrl-C and Ctrl-D quit, whatever comes with them", () => {
  for (const key of ["q", "Q", "\x03", "\x04", "rq", "\x1b[Bq"]) assert.equal(after(key), undefined);
});

test("letters choose the order and go back to the top", () => {
  assert.deepEqual(after("e", { ...VIEW, offset: 5 }), { ...VIEW, sort: "errors" });
  assert.equal(after("u")?.sort, "queue");
  assert.equal(after("l")?.sort, "latency");
  assert.equal(after("c")?.sort, "connections");
  assert.equal(after("er")?.sort, "requests");
  assert.equal(after("i")?.ascending, true);
  assert.equal(after("ii")?.ascending, false);
  assert.equal(after("p")?.paused, true);
});

test("arrows, letters and pages move, and stop at both ends", () => {
  assert.equal(after("\x1b[B")?.offset, 1);
  assert.equal(after("\x1bOB\x1bOBj")?.offset, 3);
  assert.equal(after("jjk\x1b[A")?.offset, 0);
  assert.equal(after("\x1b[A")?.offset, 0);
  assert.equal(after(" ")?.offset, 10);
  assert.equal(after("\x1b[6~\x1b[6~")?.offset, COUNT - PAGE);
  assert.equal(after("\x1b[6~\x1b[5~")?.offset, 0);
});

test("with fewer members than rows nothing moves", () => {
  assert.equal(parseKeys("jj \x1b[6~", VIEW, PAGE, 3)?.offset, 0);
});

test("keys that mean nothing change nothing", () => {
  assert.deepEqual(after("xyz\x1b[15~\x1b\t€"), VIEW);
});
