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
 * @param key - `heartbeat_key`
 * @returns the envelope; a promise of it for a text beyond {@link SHORT_TEXT}
 */
export function sealEnvelope(text: string, key: string): Buffer | Promise<Buffer> {
  if (text.length <= SHORT_TEXT) return signed(deflateShort(text), key);
  return deflateAsync(text, DEFLATE_OPTIONS).then((payload) => signed(payload, key));
}

function signed(payload: Uint8Array, key: string): Buffer {
  const envelope = Buffer.allocUnsafe(payload.length + HEX_DIGEST_BYTES);
  envelope.set(payload);
  envelope.write(digest(payload, key).toString("hex"), payload.length, "latin1");
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
  const expected = digest(payload, key);
  const given = envelope.subarray(-digestBytes);
  const written =
    digestBytes === HEX_DIGEST_BYTES ? Buffer.from(expected.toString("hex"), "latin1") : expected;
  return timingSafeEqual(given, written) ? payload : undefined;
}

function digest(payload: Uint8Array, key: string): Buffer {
  return hmacKey(key).digest(payload);
}

let lastKey: { readonly text: string; readonly key: HmacKey } | undefined;

/** The key changes hardly ever, and is used every few seconds. */
function hmacKey(text: string): HmacKey {
  if (lastKey?.text !== text) lastKey = { text, key: new HmacKey(text) };
  return lastKey.key;
}
