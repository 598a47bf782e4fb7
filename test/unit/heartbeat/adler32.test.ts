import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { adler32, joinedAdler32 } from "../../../agent/heartbeat/adler32.ts";

/** The last four bytes of a zlib stream. */
const byZlib = (bytes: Uint8Array): number => deflateSync(bytes).readUInt32BE(deflateSync(bytes).length - 4);

suite("a zlib stream's checksum", () => {
  test("is zlib's, for any bytes, also the largest for megabytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), (bytes) => {
        assert.equal(adler32(bytes), byZlib(bytes));
      }),
    );
    const many = Buffer.alloc(2_000_000, 0xff);
    assert.equal(adler32(many), byZlib(many));
  });

  test("counts from where it is told to", () => {
    assert.equal(adler32(Buffer.from("---Wikipedia"), 3), 0x11e60398);
  });

  test("of two texts is made of theirs", () => {
    const half = fc.uint8Array({ maxLength: 500 });
    fc.assert(
      fc.property(half, half, (first, second) => {
        const joined = joinedAdler32(adler32(first), adler32(second), second.length);
        assert.equal(joined, byZlib(Buffer.concat([first, second])));
      }),
    );
    const [first, second] = [Buffer.alloc(70_000, 0xff), Buffer.alloc(200_000, 0xfe)];
    const joined = joinedAdler32(adler32(first), adler32(second), second.length);
    assert.equal(joined, byZlib(Buffer.concat([first, second])));
  });
});
