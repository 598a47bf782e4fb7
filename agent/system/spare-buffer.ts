/** Memory of one size that serves again: fresh memory costs the kernel more than what a short answer brings. */
export class SpareBuffer {
  readonly #bytes: number;
  #spare: Buffer | undefined;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  take(): Buffer {
    const buffer = this.#spare ?? Buffer.allocUnsafeSlow(this.#bytes);
    this.#spare = undefined;
    return buffer;
  }

  /** @param buffer - one that was taken and is not used any more; what has become another size is let go */
  giveBack(buffer: Buffer): void {
    if (buffer.length === this.#bytes) this.#spare = buffer;
  }
}
