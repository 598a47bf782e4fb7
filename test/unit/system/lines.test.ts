import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { linesOf, readAll } from "../../../agent/system/lines.ts";

async function* chunks(texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

async function lines(texts: readonly string[], limit = 1_000): Promise<string[]> {
  return (await Array.fromAsync(linesOf(chunks(texts), limit))).map(String);
}

test("lines are those of the text, however it arrives", async () => {
  const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "é", "\n", "\r") }));
  const property = fc.asyncProperty(texts, async (parts) => {
    const expected = parts.join("").split("\n");
    if (expected.at(-1) === "") expected.pop();
    assert.deepEqual(await lines(parts), expected);
  });
  await fc.assert(property);
});

test("a character that arrives in two pieces stays whole", async () => {
  const bytes = Buffer.from("é\n");
  const pieces = async function* () {
    yield bytes.subarray(0, 1);
    yield bytes.subarray(1);
  };
  assert.deepEqual((await Array.fromAsync(linesOf(pieces(), 10))).map(String), ["é"]);
});

test("reads no further than its lines are taken", async () => {
  let taken = 0;
  const source = async function* () {
    for (;;) {
      taken += 1;
      yield Buffer.from("line\n");
    }
  };
  for await (const line of linesOf(source(), 10)) {
    assert.equal(String(line), "line");
    if (taken === 3) break;
  }
  assert.equal(taken, 3);
});

test("a line or a text that is too long is refused, not held", async () => {
  await assert.rejects(lines(["a".repeat(6), "b".repeat(6)], 10), {
    message: "a line has more than 10 bytes",
  });
  assert.deepEqual(await lines(["a".repeat(10), "\n", "b".repeat(10)], 10), ["a".repeat(10), "b".repeat(10)]);
  assert.equal(String(await readAll(chunks(["ab", "cd"]), 4)), "abcd");
  await assert.rejects(readAll(chunks(["ab", "cde"]), 4), { message: "the input has more than 4 bytes" });
});
