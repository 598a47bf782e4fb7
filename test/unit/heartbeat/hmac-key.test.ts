import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { suite, test } from "node:test";
import fc from "fast-check";
import { HmacKey } from "../../../agent/heartbeat/hmac-key.ts";

suite("a key for HMAC", () => {
  test("signs as OpenSSL does, whatever the key and the message", () => {
    const key = fc.string({ unit: "grapheme", maxLength: 200 });
    fc.assert(
      fc.property(key, fc.uint8Array({ maxLength: 300 }), (text, message) => {
        const expected = createHmac("sha256", text).update(message).digest("hex");
        assert.equal(new HmacKey(text).digest(message), expected);
      }),
    );
  });

  test("signs the same message alike again, with others in between", () => {
    const key = new HmacKey("insecure");
    const first = key.digest(Buffer.from("one"));
    key.digest(Buffer.from("two"));
    assert.deepEqual(key.digest(Buffer.from("one")), first);
  });

  test("may be shorter than, as long as, and longer than a block of the digest", () => {
    for (const length of [0, 63, 64, 65, 1_000]) {
      const text = "k".repeat(length);
      const expected = createHmac("sha256", text).update("message").digest("hex");
      assert.equal(new HmacKey(text).digest(Buffer.from("message")), expected);
    }
  });
});
