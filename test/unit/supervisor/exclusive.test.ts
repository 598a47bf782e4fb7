import assert from "node:assert/strict";
import { test } from "node:test";
import { Exclusive } from "../../../agent/supervisor/exclusive.ts";

test("runs jobs of one key in order, never two at a time", async () => {
  const exclusive = new Exclusive();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = exclusive.run("a", async () => {
    seen.push("first starts");
    await gate.promise;
    seen.push("first ends");
  });
  const second = exclusive.run("a", async () => {
    seen.push("second starts");
  });
  await exclusive.run("b", async () => {
    seen.push("other key");
  });
  gate.resolve();
  await Promise.all([first, second]);
  assert.deepEqual(seen, ["first starts", "other key", "first ends", "second starts"]);
});

test("a failed job fails for its own caller only", async () => {
  const exclusive = new Exclusive();
  const failing = exclusive.run("a", () => Promise.reject(new Error("no")));
  const next = exclusive.run("a", async () => 7);
  await assert.rejects(failing, /no/);
  assert.equal(await next, 7);
});

test("forgets a key when its last job has ended", async () => {
  const exclusive = new Exclusive();
  const jobs = [exclusive.run("a", async () => 1), exclusive.run("a", async () => 2)];
  assert.equal(exclusive.size, 1);
  await Promise.all(jobs);
  await new Promise(setImmediate);
  assert.equal(exclusive.size, 0);
});
