/** HAProxy's exposition in pieces of any size, as Octavia's in larger ones: nothing else is kept of it. */
import { isUtf8 } from "node:buffer";
import { AgentError } from "../errors.ts";
import { encodeExposition } from "./encode-exposition.ts";

/** Pieces are gathered to this size: what a piece costs besides is then small, and a stall is still short. */
const BLOCK_BYTES = 64 * 1024;
/** HAProxy's lines are a few hundred bytes long. */
const LONGEST_LINE_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * @param pieces - each is done with when the next one is asked for
 * @returns text in which each character stands for a byte (Latin-1)
 * @throws AgentError `unavailable` for text that is not UTF-8, or a line without end; whatever `pieces` throws
 */
export async function* translate(pieces: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let block: Buffer = Buffer.allocUnsafeSlow(2 * BLOCK_BYTES);
  let size = 0;
  for await (const piece of pieces) {
    if (size + piece.length > block.length) block = enlarged(block, size, size + piece.length);
    piece.copy(block, size);
    size += piece.length;
    if (size < BLOCK_BYTES) continue;
    const end = block.subarray(0, size).lastIndexOf(NEWLINE) + 1;
    if (end > 0) yield translateLines(block.subarray(0, end));
    block.copyWithin(0, end, size);
    size -= end;
    if (size > LONGEST_LINE_BYTES) throw unusable("a line has no end");
  }
  if (size > 0) yield translateLines(block.subarray(0, size));
}

function enlarged(block: Buffer, size: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * block.length));
  block.copy(larger, 0, 0, size);
  return larger;
}

/** Everything that is looked for is ASCII: other characters pass through byte by byte. */
function translateLines(lines: Buffer): string {
  if (!isUtf8(lines)) throw unusable("it is not UTF-8");
  return encodeExposition(lines.toString("latin1"));
}

function unusable(reason: string): AgentError {
  return new AgentError("unavailable", `cannot use HAProxy's metrics: ${reason}`);
}
