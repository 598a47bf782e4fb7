/** HAProxy's exposition in pieces of any size, as Octavia's in larger ones: nothing else is kept of it. */
import { isUtf8 } from "node:buffer";
import { AgentError } from "../errors.ts";
import { SpareBuffer } from "../system/spare-buffer.ts";
import { encodeExposition } from "./encode-exposition.ts";
import { HEAD } from "./recent-metrics.ts";

/** Pieces are gathered to this size: what a piece costs besides is then small, and a stall is still short. */
const BLOCK_BYTES = 64 * 1024;
/** At first, so that the beginning is done while HAProxy still works on the rest. */
const FIRST_BLOCK_BYTES = 32 * 1024;
/** Up to here blocks end between two metrics if they can: what is whole may have been met before. */
const WHOLE_METRICS_BYTES = 256 * 1024;
/** HAProxy's lines are a few hundred bytes long. */
const LONGEST_LINE_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const NEXT_METRIC = Buffer.from(`\n${HEAD}`);

const MEMORY = new SpareBuffer(2 * BLOCK_BYTES);

/**
 * @param pieces - each is done with when the next one is asked for
 * @returns text in which each character stands for a byte (Latin-1)
 * @throws AgentError `unavailable` for text that is not UTF-8, or a line without end; whatever `pieces` throws
 */
export async function* translate(pieces: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let block = MEMORY.take();
  let size = 0;
  let done = 0;
  for await (const piece of pieces) {
    if (size + piece.length > block.length) block = enlarged(block, size, size + piece.length);
    piece.copy(block, size);
    size += piece.length;
    if (size < (done < WHOLE_METRICS_BYTES ? FIRST_BLOCK_BYTES : BLOCK_BYTES)) continue;
    const end = endOfLines(block.subarray(0, size), done);
    done += end;
    if (end > 0) yield translateLines(block.subarray(0, end));
    block.copyWithin(0, end, size);
    size -= end;
    if (size > LONGEST_LINE_BYTES) throw unusable("a line has no end");
  }
  if (size > 0) yield translateLines(block.subarray(0, size));
  MEMORY.giveBack(block);
}

/** @returns where the last whole metric ends, or line */
function endOfLines(block: Buffer, done: number): number {
  const metric = done < WHOLE_METRICS_BYTES ? block.lastIndexOf(NEXT_METRIC) + 1 : 0;
  return metric > 0 ? metric : block.lastIndexOf(NEWLINE) + 1;
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
