import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { suite, test } from "node:test";
import { deflateRawSync, deflateSync } from "node:zlib";
import fc from "fast-check";
import { AgentError } from "../../../agent/errors.ts";
import { openEnvelope, sealEnvelope } from "../../../agent/heartbeat/envelope.ts";

function isRefused(error: unknown): boolean {
  return error instanceof AgentError && error.code === "invalidInput";
}

function signed(payload: Buffer, key: string, encode: (digest: Buffer) => Buffer): Buffer {
  return Buffer.concat([payload, encode(createHmac("sha256", key).update(payload).digest())]);
}

const hex = (digest: Buffer): Buffer => Buffer.from(digest.toString("hex"));

suite("an envelope", () => {
  test("opens to the text that was sealed, whatever the text and the key", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "grapheme" }),
        fc.string({ unit: "grapheme" }),
        async (text, key) => {
          assert.equal(openEnvelope(await sealEnvelope([text], key), key), text);
        },
      ),
    );
  });

  test("opens to a text that is too long to compress at once", async () => {
    const text = Array.from({ length: 20_000 }, (_, number) => number).join();
    assert.equal(openEnvelope(await sealEnvelope([text], "key"), "key"), text);
  });

  test("is a level 9 zlib stream and 64 characters of lower-case hexadecimal", async () => {
    const envelope = await sealEnvelope(["{}"], "key");
    assert.equal(envelope.subarray(0, 2).toString("hex"), "78da");
    assert.match(envelope.subarray(-64).toString("latin1"), /^[0-9a-f]{64}$/);
    assert.deepEqual(envelope, signed(envelope.subarray(0, -64), "key", hex));
  });

  test("opens with a raw digest, as very old agents send it", () => {
    const envelope = signed(deflateSync("old"), "key", (digest) => digest);
    assert.equal(openEnvelope(envelope, "key"), "old");
  });

  test("does not open with another key", async () => {
    const envelope = await sealEnvelope(["{}"], "key");
    assert.throws(() => openEnvelope(envelope, "Key"), isRefused);
  });

  test("does not open with a digest in upper case", () => {
    const upper = (digest: Buffer): Buffer => Buffer.from(digest.toString("hex").toUpperCase());
    assert.throws(() => openEnvelope(signed(deflateSync("x"), "key", upper), "key"), isRefused);
  });

  test("does not open when any bit of it was changed", async () => {
    const envelope = await sealEnvelope(["some text"], "key");
    for (let bit = 0; bit < envelope.length * 8; bit += 1) {
      const changed = Buffer.from(envelope);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      assert.throws(() => openEnvelope(changed, "key"), isRefused);
    }
  });

  test("does not open when what was signed is no zlib stream", () => {
    assert.throws(() => openEnvelope(signed(deflateRawSync("x"), "key", hex), "key"), isRefused);
  });

  test("does not inflate without bound", () => {
    const bomb = deflateSync(Buffer.alloc(64 * 1024 * 1024));
    assert.throws(() => openEnvelope(signed(bomb, "key", hex), "key"), isRefused);
  });

  test("is refused with a clear error whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assert.throws(() => openEnvelope(Buffer.from(bytes), "key"), isRefused);
      }),
    );
  });
});
