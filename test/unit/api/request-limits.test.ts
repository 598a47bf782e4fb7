import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { limitProblem } from "../../../agent/api/request-limits.ts";

const head = (changes: { url?: string; rawHeaders?: string[] } = {}) => ({
  method: "GET",
  url: "/",
  httpVersion: "1.1",
  rawHeaders: [],
  ...changes,
});

suite("limits of a request's head", () => {
  // "GET " and " HTTP/1.1" take 13 bytes of the 4094.
  test("a request line of 4094 bytes passes, one more does not", () => {
    assert.equal(limitProblem(head({ url: "a".repeat(4081) })), undefined);
    assert.equal(limitProblem(head({ url: "a".repeat(4082) })), "Request line too long");
  });

  test("100 header fields pass, 101 do not", () => {
    const fields = (count: number) => Array.from({ length: 2 * count }, () => "a");
    assert.equal(limitProblem(head({ rawHeaders: fields(100) })), undefined);
    assert.equal(limitProblem(head({ rawHeaders: fields(101) })), "Too many header fields");
  });

  test("a field of 8190 bytes passes, one more does not, wherever it stands", () => {
    const field = (size: number) => ["Host", "x", "a", "b".repeat(size - 5)];
    assert.equal(limitProblem(head({ rawHeaders: field(8190) })), undefined);
    assert.equal(limitProblem(head({ rawHeaders: field(8191) })), "Header field too long");
  });
});
