import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { RememberedAnswer } from "../../../agent/metrics/remembered-answer.ts";
import { FakeClock } from "../heartbeat/fake-clock.ts";

const LIMITS = { timeoutMs: 2_000, ageMs: 1_000 };

function setUp() {
  const clock = new FakeClock();
  const asked: number[] = [];
  const question = new RememberedAnswer({ send: () => asked.push(clock.now()), clock, ...LIMITS });
  return { clock, asked, question };
}

suite("a question to another thread", () => {
  test("who asks within its age gets the same answer, and who asks later another one", async () => {
    const { clock, asked, question } = setUp();
    const first = question.ask();
    question.answered("one");
    await clock.advance(LIMITS.ageMs - 1);
    assert.deepEqual(await Promise.all([first, question.ask()]), ["one", "one"]);
    await clock.advance(1);
    const later = question.ask();
    question.answered("two");
    assert.equal(await later, "two");
    assert.equal(asked.length, 2);
  });

  test("as long as the answer has not come, it is not asked again", async () => {
    const { clock, asked, question } = setUp();
    const first = question.ask();
    await clock.advance(LIMITS.timeoutMs - 1);
    const second = question.ask();
    question.answered("one");
    assert.deepEqual(await Promise.all([first, second]), ["one", "one"]);
    assert.equal(asked.length, 1);
  });

  test("a question that is not answered in time has no answer, and that is not remembered", async () => {
    const { clock, asked, question } = setUp();
    const first = question.ask();
    await clock.advance(LIMITS.timeoutMs);
    assert.equal(await first, "");
    question.answered("late");
    const second = question.ask();
    question.answered("two");
    assert.equal(await second, "two");
    assert.equal(asked.length, 2);
  });
});
