/** The body of an answer of status 200, with its head. */
import type { Socket } from "node:net";
import { SpareBuffer } from "../system/spare-buffer.ts";
import type { ScrapeRequest } from "./parse-request.ts";
import type { Sink } from "./recent-lines.ts";

/** An answer up to this size is complete before any of it is sent, so that a failure can still be told. */
const HELD_BYTES = 256 * 1024;
/** Most that is usually added at once. */
const BLOCK_BYTES = 128 * 1024;
/** Before the lines: for the head, or the size of a chunk. */
const FRONT_BYTES = 256;
/** Behind them: for the end of a chunk, and of the whole. */
const BACK_BYTES = 16;

const NEWLINE = 0x0a;

const OK = "HTTP/1.1 200 OK\r\ncache-control: no-cache\r\ncontent-type: text/plain; version=0.0.4\r\n";
const CLOSE = "connection: close\r\n\r\n";
const CHUNKED = "transfer-encoding: chunked\r\n";

const MEMORY = new SpareBuffer(FRONT_BYTES + HELD_BYTES + BLOCK_BYTES + BACK_BYTES);

/** Gathers lines, and sends them from the memory in which they were gathered. */
export class Body implements Sink {
  readonly #socket: Socket;
  readonly #isChunked: boolean;
  #bytes: Buffer;
  #size = 0;
  /** The byte that was added last. */
  #last = NEWLINE;
  hasBegun = false;

  constructor(socket: Socket, { isChunkable }: ScrapeRequest) {
    this.#socket = socket;
    this.#isChunked = isChunkable;
    this.#bytes = MEMORY.take();
  }

  /** Whether it is time to {@link send}. */
  get isFull(): boolean {
    return this.#size > (this.hasBegun ? 0 : HELD_BYTES);
  }

  /** Whether what was added last does not end with its line. */
  get isLineOpen(): boolean {
    return this.#last !== NEWLINE;
  }

  add(part: Buffer | string): void {
    if (part.length === 0) return;
    const start = FRONT_BYTES + this.#size;
    const missing = start + part.length + BACK_BYTES - this.#bytes.length;
    if (missing > 0) this.#bytes = Buffer.concat([this.#bytes], this.#bytes.length + missing);
    if (typeof part === "string") this.#bytes.write(part, start, "latin1");
    else part.copy(this.#bytes, start);
    this.#size += part.length;
    this.#last = this.#bytes[FRONT_BYTES + this.#size - 1] ?? NEWLINE;
  }

  /** Settles when what was added is out of hand. @throws when the client has gone */
  async send(): Promise<void> {
    const head = this.hasBegun ? "" : `${OK}${this.#isChunked ? CHUNKED : ""}${CLOSE}`;
    const part = this.#framed(head + this.#chunkSize(), this.#isChunked ? "\r\n" : "");
    this.hasBegun = true;
    this.#size = 0;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket.write(part, (error) => (error ? reject(error) : resolve()));
    await promise;
  }

  /** Sends what is left, and closes. */
  end(): void {
    const last = this.hasBegun
      ? this.#framed(this.#size > 0 ? this.#chunkSize() : "", this.#lastChunk())
      : this.#framed(`${OK}content-length: ${this.#size}\r\n${CLOSE}`, "");
    this.hasBegun = true;
    this.#socket.write(last, () => MEMORY.giveBack(this.#bytes));
    this.#socket.destroySoon();
  }

  #chunkSize(): string {
    return this.#isChunked ? `${this.#size.toString(16)}\r\n` : "";
  }

  #lastChunk(): string {
    if (!this.#isChunked) return "";
    return `${this.#size > 0 ? "\r\n" : ""}0\r\n\r\n`;
  }

  #framed(front: string, back: string): Buffer {
    const end = FRONT_BYTES + this.#size;
    this.#bytes.write(front, FRONT_BYTES - front.length, "latin1");
    this.#bytes.write(back, end, "latin1");
    return this.#bytes.subarray(FRONT_BYTES - front.length, end + back.length);
  }
}
