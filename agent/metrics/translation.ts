/** HAProxy's exposition in pieces of any size, as Octavia's in larger ones: nothing else is kept of it. */
import { isUtf8 } from "node:buffer";
import { AgentError } from "../errors.ts";
import { SpareBuffer } from "../system/spare-buffer.ts";
import { encodeExposition } from "./encode-exposition.ts";
import { type Comparison, RecentLines, type Sink } from "./recent-lines.ts";

/** Pieces are gathered to this size: what a piece costs besides is then small, and a stall is still short. */
const BLOCK_BYTES = 64 * 1024;
/** At first, so that the beginning is done while HAProxy still works on the rest. */
const FIRST_BLOCK_BYTES = 32 * 1024;
/** So much is done in smaller blocks. */
const FIRST_BYTES = 256 * 1024;
/** HAProxy's lines are a few hundred bytes long. */
const LONGEST_LINE_BYTES = 1024 * 1024;

const MEMORY = new SpareBuffer(2 * BLOCK_BYTES);
const RECENT = new RecentLines(translateLines);

/** Of one scrape. All of its methods throw AgentError `unavailable` for text that is not UTF-8, or a line without end. */
export class Translation {
  readonly #sink: Sink;
  readonly #comparison: Comparison = RECENT.compare();
  #block = MEMORY.take();
  #size = 0;
  #done = 0;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** @param piece - done with when this returns */
  add(piece: Buffer): void {
    const size = this.#size + piece.length;
    if (size > this.#block.length) this.#block = enlarged(this.#block, this.#size, size);
    piece.copy(this.#block, this.#size);
    this.#size = size;
    if (size >= (this.#done < FIRST_BYTES ? FIRST_BLOCK_BYTES : BLOCK_BYTES)) this.#translate(false);
    if (this.#size > LONGEST_LINE_BYTES) throw unusable("a line has no end");
  }

  /** When all has been added. */
  end(): void {
    this.#translate(true);
    RECENT.remember(this.#comparison);
    MEMORY.giveBack(this.#block);
  }

  #translate(isLast: boolean): void {
    const block = this.#block.subarray(0, this.#size);
    const done = this.#comparison.translate(block, isLast, this.#sink);
    this.#block.copyWithin(0, done, this.#size);
    this.#size -= done;
    this.#done += done;
  }
}

function enlarged(block: Buffer, size: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * block.length));
  block.copy(larger, 0, 0, size);
  return larger;
}

/**
 * Everything that is looked for is ASCII: other characters pass through byte by byte.
 * @returns text in which each character stands for a byte (Latin-1)
 */
function translateLines(lines: Buffer): string {
  if (!isUtf8(lines)) throw unusable("it is not UTF-8");
  return encodeExposition(lines.toString("latin1"));
}

function unusable(reason: string): AgentError {
  return new AgentError("unavailable", `cannot use HAProxy's metrics: ${reason}`);
}
