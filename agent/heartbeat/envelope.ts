/** The signed form in which a message travels (docs/contract/heartbeat.md, section 6.1). */
import { timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { deflate, inflateSync } from "node:zlib";
import { AgentError } from "../errors.ts";
import { HmacKey } from "./hmac-key.ts";
import { DEFLATE_OPTIONS, deflateShort, SHORT_TEXT } from "./short-deflate.ts";

const HEX_DIGEST_BYTES = 64;
const RAW_DIGEST_BYTES = 32;
/** Far more than a datagram of honest JSON inflates to. */
const LONGEST_TEXT = 16 * 1024 * 1024;

const deflateAsync = promisify(deflate);

/**
 * Compresses and signs. Compression takes milliseconds for a large load balancer: then another thread does it.
 * @param parts - of one text; those that were in the last one, at the same place, are not compressed again
 * @param key - `heartbeat_key`
 * @returns the envelope; a promise of it for a text beyond {@link SHORT_TEXT}
 */
export function sealEnvelope(parts: readonly string[], key: string): Buffer | Promise<Buffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length <= SHORT_TEXT) return signed(deflateShort(parts, HEX_DIGEST_BYTES), key);
  return deflateAsync(parts.join(""), DEFLATE_OPTIONS).then((payload) =>
    signed(Buffer.concat([payload], payload.length + HEX_DIGEST_BYTES), key),
  );
}

/** @param envelope - the payload, and room for its signature */
function signed(envelope: Buffer, key: string): Buffer {
  const end = envelope.length - HEX_DIGEST_BYTES;
  envelope.write(digest(envelope.subarray(0, end), key), end, "latin1");
  return envelope;
}

/**
 * Checks and opens what {@link sealEnvelope} made, as a health manager does: first with a digest in lower-case
 * hexadecimal, then with a raw one as very old agents send.
 * @returns the JSON text
 * @throws AgentError `invalidInput` when no digest matches or the payload is not a zlib stream
 */
export function openEnvelope(envelope: Buffer, key: string): string {
  const payload = signedPart(envelope, HEX_DIGEST_BYTES, key) ?? signedPart(envelope, RAW_DIGEST_BYTES, key);
  if (payload === undefined) throw new AgentError("invalidInput", "the heartbeat's signature does not match");
  try {
    return inflateSync(payload, { maxOutputLength: LONGEST_TEXT }).toString("utf8");
  } catch (error) {
    throw new AgentError("invalidInput", "the heartbeat's payload cannot be inflated", { cause: error });
  }
}

function signedPart(envelope: Buffer, digestBytes: number, key: string): Buffer | undefined {
  if (envelope.length < digestBytes) return undefined;
  const payload = envelope.subarray(0, -digestBytes);
  const expected = Buffer.from(digest(payload, key), digestBytes === HEX_DIGEST_BYTES ? "latin1" : "hex");
  return timingSafeEqual(envelope.subarray(-digestBytes), expected) ? payload : undefined;
}

/** @returns lower-case hexadecimal */
function digest(payload: Uint8Array, key: string): string {
  return hmacKey(key).digest(payload);
}

let lastKey: { readonly text: string; readonly key: HmacKey } | undefined;

/** The key changes hardly ever, and is used every few seconds. */
function hmacKey(text: string): HmacKey {
  if (lastKey?.text !== text) lastKey = { text, key: new HmacKey(text) };
  return lastKey.key;
}
