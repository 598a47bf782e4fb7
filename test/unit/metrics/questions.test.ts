import assert from "node:assert/strict";
import { test } from "node:test";
import { Questions } from "../../../agent/metrics/questions.ts";

test("answers find their questions, in whatever order they come", async () => {
  const asked: number[] = [];
  const questions = new Questions((id) => asked.push(id), 60_000);
  const first = questions.ask();
  const second = questions.ask();
  questions.answered(asked[1] ?? 0, "two");
  questions.answered(asked[0] ?? 0, "one");
  assert.deepEqual(await Promise.all([first, second]), ["one", "two"]);
});

test("a question that is not answered in time has no answer, and a late one is dropped", async () => {
  const asked: number[] = [];
  const questions = new Questions((id) => asked.push(id), 1);
  assert.equal(await questions.ask(), "");
  questions.answered(asked[0] ?? 0, "late");
});
