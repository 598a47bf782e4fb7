/** Reads request bodies within bounds: per request, and for all requests together. */
import type { IncomingMessage } from "node:http";
import { AgentError } from "../errors.ts";

export interface ReceivedBody {
  readonly bytes: Buffer;
  /** Gives the memory back to other requests; to be called when the bytes are no longer used. */
  release(): void;
}

const FIRST_CAPACITY = 16 * 1024;

/** A body that is longer than its route allows. */
export class BodyTooLargeError extends AgentError {
  override readonly name = "BodyTooLargeError";

  constructor(limitBytes: number) {
    super("invalidInput", "Request body too large", {
      details: `The body may have at most ${limitBytes} bytes`,
    });
  }
}

/**
 * Holds at most `totalBytes` of bodies in memory. When more arrives, the upload that has been silent
 * for the longest time is cut off: clients that stall can then not keep others out.
 */
export class BodyReader {
  readonly #totalBytes: number;
  #heldBytes = 0;
  /** Bytes held per request that is still receiving, the one that was silent for longest first. */
  readonly #receiving = new Map<IncomingMessage, number>();

  /** @param totalBytes - at least the largest limit of a route */
  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes;
  }

  /**
   * Reads a body to its end. What is left of a body that is refused stays unread.
   * @throws BodyTooLargeError; AgentError `invalidInput` when the client stopped before the end,
   * `unavailable` when other bodies take all the memory
   */
  async read(request: IncomingMessage, limitBytes: number): Promise<ReceivedBody> {
    if (Number(request.headers["content-length"] ?? 0) > limitBytes) throw new BodyTooLargeError(limitBytes);
    const body = new GrowingBuffer(limitBytes);
    this.#receiving.set(request, 0);
    try {
      for await (const chunk of chunksOf(request)) {
        if (body.length + chunk.length > limitBytes) throw new BodyTooLargeError(limitBytes);
        this.#charge(request, body.capacityWith(chunk));
        body.append(chunk);
      }
      const held = this.#receiving.get(request) ?? 0;
      this.#receiving.delete(request);
      return { bytes: body.bytes, release: () => this.#release(held) };
    } catch (error) {
      this.#release(this.#receiving.get(request) ?? 0);
      this.#receiving.delete(request);
      throw error;
    }
  }

  #charge(request: IncomingMessage, capacity: number): void {
    this.#heldBytes += capacity - (this.#receiving.get(request) ?? 0);
    // Deleted first, so that it goes behind all others.
    this.#receiving.delete(request);
    this.#receiving.set(request, capacity);
    while (this.#heldBytes > this.#totalBytes) this.#cutOffAnother(request);
  }

  #cutOffAnother(request: IncomingMessage): void {
    const [victim, held] =
      this.#receiving.entries().find(([other, held]) => other !== request && held > 0) ?? [];
    if (victim === undefined || held === undefined) {
      throw new AgentError("unavailable", "Too many requests at the same time", {
        details: `The bodies of all requests together may have at most ${this.#totalBytes} bytes`,
      });
    }
    this.#receiving.delete(victim);
    this.#release(held);
    victim.destroy();
  }

  #release(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}

/** One buffer that doubles: a list of chunks would cost a hundred bytes for a chunk of one. */
class GrowingBuffer {
  readonly #limitBytes: number;
  #buffer = Buffer.alloc(0);
  length = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  /** Bytes of memory in use once `chunk` has been appended. */
  capacityWith(chunk: Buffer): number {
    const needed = this.length + chunk.length;
    if (needed <= this.#buffer.length) return this.#buffer.length;
    return Math.min(Math.max(needed, 2 * this.#buffer.length, FIRST_CAPACITY), this.#limitBytes);
  }

  append(chunk: Buffer): void {
    const capacity = this.capacityWith(chunk);
    if (capacity > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(capacity);
      this.#buffer.copy(larger, 0, 0, this.length);
      this.#buffer = larger;
    }
    this.length += chunk.copy(this.#buffer, this.length);
  }
}

/** The stream stays open when the reader stops early: its socket still has to carry the answer. */
async function* chunksOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch (cause) {
    throw new AgentError("invalidInput", "Request body incomplete", { cause });
  }
}
