/** Golden envelopes: ours are opened and compared, theirs are opened by ours (docs/contract/heartbeat.md, section 10). */
import { isDeepStrictEqual } from "node:util";
import { AgentError } from "../../../agent/errors.ts";
import { openEnvelope, sealEnvelope } from "../../../agent/heartbeat/envelope.ts";
import { parseExact } from "../../../agent/heartbeat/exact-json.ts";
import { type Case, runCases } from "./heartbeat-cases.ts";

export const name = "envelope";

interface Wrap {
  readonly kind: "wrap";
  readonly key: string;
  readonly message: unknown;
}
interface Unwrap {
  readonly kind: "unwrap";
  readonly key: string;
  readonly envelope_hex: string;
}
interface Expected {
  readonly payload_hex?: string;
  readonly hmac_ascii?: string;
  readonly envelope_hex?: string;
  readonly message?: unknown;
  readonly error?: string;
}

export function run(directory: string): ReturnType<typeof runCases> {
  return runCases(`${directory}/cases.json`, (item: Case<Wrap | Unwrap, Expected>) =>
    item.input.kind === "wrap" ? wrap(item.input, item.expected) : unwrap(item.input, item.expected),
  );
}

async function wrap(input: Wrap, expected: Expected): Promise<string | undefined> {
  const ours = await sealEnvelope([JSON.stringify(input.message)], input.key);
  if (ours.subarray(0, 2).toString("hex") !== "78da")
    return "the payload does not begin like a level 9 zlib stream";
  if (!isDeepStrictEqual(open(ours.toString("hex"), input.key), input.message))
    return "ours opens differently";
  const theirs = `${expected.payload_hex}${Buffer.from(expected.hmac_ascii ?? "").toString("hex")}`;
  if (theirs !== expected.envelope_hex) return "the golden envelope is not payload and digest";
  return isDeepStrictEqual(open(theirs, input.key), input.message)
    ? undefined
    : "the golden one opens differently";
}

function unwrap(input: Unwrap, expected: Expected): Promise<string | undefined> {
  const opened = open(input.envelope_hex, input.key);
  const refused = opened instanceof AgentError;
  if (expected.error !== undefined) return result(refused, "it was accepted");
  return result(!refused && isDeepStrictEqual(opened, expected.message), `it gave ${JSON.stringify(opened)}`);
}

async function result(ok: boolean, reason: string): Promise<string | undefined> {
  return ok ? undefined : reason;
}

function open(hex: string, key: string): unknown {
  try {
    return parseExact(openEnvelope(Buffer.from(hex, "hex"), key));
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
}
