/** Takes an answer of unknown length into one growing piece of memory. */

const FIRST_BYTES = 64 * 1024;
const LEAST_ROOM = 4 * 1024;
/** Memory that the last answer needed and this one does not is given back, unless it is this little. */
const KEPT_BYTES = 256 * 1024;

/**
 * Node's own way takes 64 KiB for each read, however little comes: an answer of megabytes keeps the garbage
 * collector busy then.
 */
export class AnswerBuffer {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Where the next part of the answer goes. */
  room(): Buffer {
    if (this.#bytes.length - this.#size < LEAST_ROOM) {
      const larger = Buffer.allocUnsafeSlow(this.#bytes.length * 2);
      this.#bytes.copy(larger, 0, 0, this.#size);
      this.#bytes = larger;
    }
    return this.#bytes.subarray(this.#size);
  }

  /** @param count - bytes that have come into the room */
  filled(count: number): void {
    this.#size += count;
  }

  /** Whether the answer until now ends so; for less than what a look at {@link whole} costs. */
  endsWith(end: Buffer): boolean {
    const start = this.#size - end.length;
    return start >= 0 && this.#bytes.compare(end, 0, end.length, start, this.#size) === 0;
  }

  /** The answer until now; the memory is used again after {@link clear}. */
  whole(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  clear(): void {
    if (this.#bytes.length > KEPT_BYTES && this.#size < this.#bytes.length / 4) {
      this.#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
    }
    this.#size = 0;
  }
}
