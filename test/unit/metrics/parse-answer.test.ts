import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { AgentError } from "../../../agent/errors.ts";
import { AnswerParser } from "../../../agent/metrics/parse-answer.ts";

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\ncache-control: no-cache\r\n\r\n";

/** The body of an answer that comes in pieces which end at `cuts`, and then the connection's end. */
function parsed(answer: string, cuts: readonly number[] = []): { status: number | undefined; body: string } {
  const parser = new AnswerParser();
  const ends = [...new Set([...cuts, answer.length])].filter((end) => end <= answer.length);
  let body = "";
  let start = 0;
  for (const end of ends.sort((one, other) => one - other)) {
    body += parser.body(Buffer.from(answer.slice(start, end), "latin1")).toString("latin1");
    start = end;
  }
  const { status } = parser;
  parser.end();
  return { status, body };
}

suite("reading HAProxy's answer", () => {
  test("it does not matter how a body is chunked, and where it is cut", () => {
    const aChunk = fc.string({ unit: fc.constantFrom("a", "1", "\r", "\n"), minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        fc.array(aChunk, { maxLength: 6 }),
        fc.constantFrom("", ";ext=1", " "),
        fc.constantFrom("", "trailer: 1\r\n"),
        fc.array(fc.nat(400), { maxLength: 10 }),
        (chunks, extension, trailer, cuts) => {
          const coded = chunks.map((chunk) => `${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`);
          const answer = `${CHUNKED}${coded.join("")}0\r\n${trailer}\r\n`;
          assert.deepEqual(parsed(answer, cuts), { status: 200, body: chunks.join("") });
        },
      ),
    );
  });

  test("a body has the length that its head says, or ends with the connection", () => {
    assert.deepEqual(parsed("HTTP/1.1 503 No\r\ncontent-length: 3\r\n\r\nabc and more", [20, 45]), {
      status: 503,
      body: "abc",
    });
    assert.deepEqual(parsed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), { status: 200, body: "" });
    assert.deepEqual(parsed("HTTP/1.0 200\r\n\r\nabc\n", [17]), { status: 200, body: "abc\n" });
  });

  test("an answer that breaks off, and what is none, is refused", () => {
    for (const answer of [
      "",
      "HTTP/1.1 200 OK\r\n",
      CHUNKED,
      `${CHUNKED}5\r\nabc`,
      `${CHUNKED}3\r\nabc\r\n`,
      `${CHUNKED}3\r\nabcd\r\n0\r\n\r\n`,
      `${CHUNKED}x\r\nabc\r\n0\r\n\r\n`,
      `${CHUNKED}3\r\nabc\r\n0\r\n`,
      "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc",
      "HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nabc",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nabc",
      "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      `HTTP/1.1 200 OK\r\nx: ${"y".repeat(10_000)}`,
      `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(1_000)}`,
    ]) {
      assert.throws(() => parsed(answer), AgentError, answer.slice(0, 60));
    }
  });
});
