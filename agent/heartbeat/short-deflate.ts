/**
 * Compresses short texts that are made of parts, most of which were in the last one, too: what an idle load balancer
 * says of its pools is the same for days. A part is compressed by itself, once; the stream is put together from them
 * (RFC 1950, section 2; RFC 1951, section 3.2.3: blocks may follow each other in any way).
 */
import { constants, createDeflate, type Deflate, deflateSync, type ZlibOptions } from "node:zlib";
import { adler32, joinedAdler32 } from "./adler32.ts";

/** Longest text that is compressed at once, in UTF-16 units; beyond it, another thread is worth its price. */
export const SHORT_TEXT = 8 * 1024;
/** UTF-8 needs no more for one UTF-16 unit. */
const LONGEST_CHARACTER = 3;
/** A shorter part is put into the stream as it is. */
const COMPRESSED_FROM = 160;

/**
 * Level 9 is the contract's (docs/contract/heartbeat.md, 6.1). "Filtered" skips the short matches between random ids:
 * 5 % smaller, and faster.
 */
export const DEFLATE_OPTIONS = { level: 9, strategy: constants.Z_FILTERED } as const satisfies ZlibOptions;

/** Level 9, the largest window. */
const HEADER = Buffer.from("78da", "hex");
/** A last block with nothing in it. */
const LAST_BLOCK = Buffer.from("0300", "hex");
const CHECKSUM_BYTES = 4;
/** A block of bytes as they are begins with its kind, their number, and its complement. */
const STORED_FRONT_BYTES = 5;

/** One part of a stream. */
interface Piece {
  readonly text: string;
  /** Blocks that end at a byte, none of them a stream's last. */
  readonly blocks: Uint8Array;
  readonly checksum: number;
  /** That the checksum is of. */
  readonly bytes: number;
}

/** The last text's, by their place. */
let kept: readonly Piece[] = [];

/**
 * @param parts - of a text that is at most {@link SHORT_TEXT} long
 * @param room - bytes that are left free behind the stream
 * @returns a zlib stream of all of it, and the room
 */
export function deflateShort(parts: readonly string[], room = 0): Buffer {
  kept = parts.map((text, index) => pieceOf(text, kept[index]));
  let size = HEADER.length + LAST_BLOCK.length + CHECKSUM_BYTES + room;
  let checksum = 1;
  for (const piece of kept) {
    size += piece.blocks.length;
    checksum = joinedAdler32(checksum, piece.checksum, piece.bytes);
  }
  const stream = Buffer.allocUnsafe(size);
  stream.set(HEADER);
  let end = HEADER.length;
  for (const { blocks } of kept) {
    stream.set(blocks, end);
    end += blocks.length;
  }
  stream.set(LAST_BLOCK, end);
  stream.writeUInt32BE(checksum, end + LAST_BLOCK.length);
  return stream;
}

function pieceOf(text: string, last: Piece | undefined): Piece {
  if (last?.text === text) return last;
  return text.length < COMPRESSED_FROM ? storedPiece(text) : compressedPiece(text);
}

function storedPiece(text: string): Piece {
  const block = Buffer.allocUnsafe(STORED_FRONT_BYTES + text.length * LONGEST_CHARACTER);
  const bytes = block.write(text, STORED_FRONT_BYTES);
  block[0] = 0;
  block.writeUInt16LE(bytes, 1);
  block.writeUInt16LE(bytes ^ 0xffff, 3);
  const blocks = block.subarray(0, STORED_FRONT_BYTES + bytes);
  return { text, blocks, checksum: adler32(blocks, STORED_FRONT_BYTES), bytes };
}

function compressedPiece(text: string): Piece {
  compressor ??= open();
  const bytes = compressor.input.write(text);
  // A copy: the memory is the next one's.
  const blocks = Buffer.from(compress(compressor, text, bytes).subarray(HEADER.length));
  return { text, blocks, checksum: adler32(compressor.input.subarray(0, bytes)), bytes };
}

/** What Node's streams and synchronous functions of zlib work with; it is not documented. */
interface Handle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputLength: number,
    output: Uint8Array,
    outputOffset: number,
    outputLength: number,
  ): void;
}

/**
 * One zlib state for all. Node's own synchronous way makes a state of 256 KB, a stream around it and 16 KB for the
 * result each time: 0.24 ms for a program that has just woken, of which compressing is 0.06.
 */
interface Compressor {
  readonly stream: Deflate;
  readonly handle: Handle;
  /** After a write: bytes of the output, then of the input, that are left over. */
  readonly left: Uint32Array;
  readonly input: Buffer;
  readonly output: Buffer;
}

let compressor: Compressor | undefined;

/** @returns a stream that others may follow; it is valid until the next call */
function compress({ stream, handle, left, input, output }: Compressor, text: string, bytes: number): Buffer {
  stream.reset();
  handle.writeSync(constants.Z_SYNC_FLUSH, input, 0, bytes, output, 0, output.length);
  const [room = 0, rest = 0] = left;
  // Ids compress to half, but nothing may depend on it.
  if (room === 0 || rest > 0) {
    return deflateSync(text, { ...DEFLATE_OPTIONS, finishFlush: constants.Z_SYNC_FLUSH });
  }
  return output.subarray(0, output.length - room);
}

function open(): Compressor {
  // A text this short fills no tables of the usual size, which are to be cleared for each.
  const stream = createDeflate({ ...DEFLATE_OPTIONS, memLevel: 6 });
  const { _handle: handle, _writeState: left } = stream as unknown as {
    _handle: Handle;
    _writeState: Uint32Array;
  };
  return {
    stream,
    handle,
    left,
    input: Buffer.allocUnsafeSlow(SHORT_TEXT * LONGEST_CHARACTER),
    output: Buffer.allocUnsafeSlow(SHORT_TEXT),
  };
}
