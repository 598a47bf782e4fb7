import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { suite, test } from "node:test";
import { BodyReader, BodyTooLargeError } from "../../../agent/api/body-reader.ts";
import { AgentError } from "../../../agent/errors.ts";

const KIB = 1024;

/** A request as Node's parser makes it; the test plays the parser. */
function aRequest(headers: Record<string, string> = {}): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  Object.assign(request.headers, headers);
  return request;
}

function send(request: IncomingMessage, ...chunks: (string | Buffer | null)[]): void {
  for (const chunk of chunks) {
    if (chunk === null) request.complete = true;
    request.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

suite("reading bodies", () => {
  test("puts chunks together", async () => {
    const request = aRequest();
    send(request, "ab", "", "cd", null);
    assert.equal((await new BodyReader(KIB).read(request, KIB)).bytes.toString(), "abcd");
  });

  test("takes no body for an empty one", async () => {
    const request = aRequest();
    send(request, null);
    assert.equal((await new BodyReader(KIB).read(request, KIB)).bytes.length, 0);
  });

  test("keeps a body of a hundred thousand single bytes in one buffer", async () => {
    const request = aRequest();
    const reading = new BodyReader(200 * KIB).read(request, 200 * KIB);
    for (let count = 0; count < 100_000; count += 1) send(request, "x");
    send(request, null);
    const { bytes } = await reading;
    assert.equal(bytes.length, 100_000);
    assert.ok(bytes.every((byte) => byte === 0x78));
  });

  test("accepts a body as long as the limit, and refuses one byte more", async () => {
    const [exact, longer] = [aRequest(), aRequest()];
    send(exact, "abcd", null);
    send(longer, "abcd", "e");
    const reader = new BodyReader(KIB);
    assert.equal((await reader.read(exact, 4)).bytes.toString(), "abcd");
    await assert.rejects(reader.read(longer, 4), BodyTooLargeError);
    assert.equal(longer.destroyed, false, "the connection still has to carry the answer");
  });

  test("refuses by the announced length before anything arrives", async () => {
    const request = aRequest({ "content-length": "5" });
    await assert.rejects(new BodyReader(KIB).read(request, 4), BodyTooLargeError);
  });

  test("calls a body that ends early incomplete", async () => {
    const request = aRequest({ "content-length": "5" });
    const reading = new BodyReader(KIB).read(request, KIB);
    send(request, "ab");
    await turn();
    request.destroy();
    await assert.rejects(
      reading,
      (error) => error instanceof AgentError && error.message === "Request body incomplete",
    );
  });
});

suite("memory for all bodies together", () => {
  const half = Buffer.alloc(50 * KIB);

  test("cuts off the upload that was silent for longest when a newcomer needs room", async () => {
    const reader = new BodyReader(128 * KIB);
    const [oldest, active, newcomer] = [aRequest(), aRequest(), aRequest()];
    const reads = [oldest, active, newcomer].map((request) => reader.read(request, 100 * KIB));
    const outcomes = Promise.allSettled(reads);
    for (const request of [oldest, active, oldest, active]) {
      send(request, Buffer.alloc(25 * KIB));
      await turn();
    }
    send(newcomer, half, null);
    await turn();
    assert.deepEqual([oldest.destroyed, active.destroyed], [true, false]);
    send(active, null);
    assert.deepEqual(
      (await outcomes).map(({ status }) => status),
      ["rejected", "fulfilled", "fulfilled"],
    );
  });

  test("answers 503 when finished bodies that are still in use take all of it", async () => {
    const reader = new BodyReader(64 * KIB);
    const [first, second, third] = [aRequest(), aRequest(), aRequest()];
    send(first, half, null);
    const body = await reader.read(first, 100 * KIB);
    send(second, half);
    await assert.rejects(
      reader.read(second, 100 * KIB),
      (error) => error instanceof AgentError && error.status === 503,
    );
    body.release();
    send(third, half, null);
    assert.equal((await reader.read(third, 100 * KIB)).bytes.length, half.length);
  });

  test("gives the memory of refused and broken bodies back", async () => {
    const reader = new BodyReader(64 * KIB);
    for (let round = 0; round < 3; round += 1) {
      const [tooLong, broken] = [aRequest(), aRequest()];
      send(tooLong, half, half);
      await assert.rejects(reader.read(tooLong, 60 * KIB), BodyTooLargeError);
      const reading = reader.read(broken, 60 * KIB);
      send(broken, half);
      await turn();
      broken.destroy();
      await assert.rejects(reading);
    }
    const request = aRequest();
    send(request, half, null);
    assert.equal((await reader.read(request, 60 * KIB)).bytes.length, half.length);
  });
});
