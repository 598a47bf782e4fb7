import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { allowed, json, text } from "../../../agent/api/reply.ts";

suite("replies", () => {
  test("JSON is compact, without charset, and closes the connection", () => {
    const { status, headers, body } = json(202, { message: "OK", details: ["a", 1] });
    assert.equal(status, 202);
    assert.equal(body.toString(), '{"message":"OK","details":["a",1]}');
    assert.deepEqual(headers, {
      "Content-Type": "application/json",
      "Content-Length": "34",
      Connection: "close",
    });
  });

  test("JSON escapes what is not printable ASCII", () => {
    assert.equal(json(200, "ä\u2028\u007f\n😀").body.toString(), '"\\u00e4\\u2028\\u007f\\n\\ud83d\\ude00"');
  });

  test("JSON says the same before and after escaping", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        assert.equal(JSON.parse(json(200, value).body.toString("latin1")), value);
      }),
    );
  });

  test("an ETag is sent bare", () => {
    assert.equal(
      json(200, {}, "900150983cd24fb0d6963f7d28e17f72").headers.ETag,
      "900150983cd24fb0d6963f7d28e17f72",
    );
  });

  test("text keeps the bytes", () => {
    const { headers, body } = text(Buffer.from([0xff, 0x0d, 0x0a]), "e");
    assert.equal(headers["Content-Type"], "text/plain; charset=UTF-8");
    assert.deepEqual(body, Buffer.from([0xff, 0x0d, 0x0a]));
  });

  test("the answer to OPTIONS is empty and lists the methods", () => {
    const { status, headers, body } = allowed(["OPTIONS", "PUT"]);
    assert.equal(status, 200);
    assert.equal(headers.Allow, "OPTIONS, PUT");
    assert.equal(headers["Content-Type"], "text/html; charset=utf-8");
    assert.equal(body.length, 0);
  });
});
