import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Jobs } from "../../../agent/api/jobs.ts";
import { AgentError } from "../../../agent/errors.ts";

const DEADLINE_MS = 5;
const LONG_MS = 60_000;
const unexpected = () => assert.fail("nobody stopped waiting");

suite("jobs with a deadline", () => {
  test("hands on what a job returns", async () => {
    assert.equal(await new Jobs().within(LONG_MS, Promise.resolve(7), unexpected), 7);
  });

  test("hands on what a job throws", async () => {
    const failure = new Error("no");
    await assert.rejects(new Jobs().within(LONG_MS, Promise.reject(failure), unexpected), failure);
  });

  test("answers in time while the job goes on, and reports how it ended", async () => {
    const jobs = new Jobs();
    const job = Promise.withResolvers<void>();
    const ends: unknown[] = [];
    const waiting = jobs.within(DEADLINE_MS, job.promise, (error) => ends.push(error));
    await assert.rejects(waiting, (error) => error instanceof AgentError && error.status === 503);
    assert.deepEqual(ends, []);
    job.resolve();
    await jobs.idle();
    assert.deepEqual(ends, [undefined]);
  });

  test("reports a late failure once, and leaves no rejection unhandled", async () => {
    const jobs = new Jobs();
    const job = Promise.withResolvers<void>();
    const failure = new Error("late");
    const ends: unknown[] = [];
    await assert.rejects(jobs.within(DEADLINE_MS, job.promise, (error) => ends.push(error)));
    job.reject(failure);
    await jobs.idle();
    assert.deepEqual(ends, [failure]);
  });

  test("is idle only when every job has ended", async () => {
    const jobs = new Jobs();
    const job = Promise.withResolvers<void>();
    const waiting = jobs.within(LONG_MS, job.promise, unexpected);
    let idle = false;
    const idling = jobs.idle().then(() => {
      idle = true;
    });
    await new Promise(setImmediate);
    assert.equal(idle, false);
    job.resolve();
    await Promise.all([waiting, idling]);
    assert.equal(idle, true);
  });
});
