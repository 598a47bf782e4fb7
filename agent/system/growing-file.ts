/** A file that another program appends to, read piece by piece and kept small. */
import { open, truncate } from "node:fs/promises";
import { systemErrorCode } from "../errors.ts";

/** At most this much is read at once; what is older is skipped. */
const PIECE_BYTES = 64 * 1024;
/** The writer has to append (`O_APPEND`): then it goes on at the new end of a file that was cut. */
const LONGEST_FILE_BYTES = 256 * 1024;

export class GrowingFile {
  readonly #path: string;
  #position = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** @returns what was added since the last call; empty when there is nothing or no file */
  async read(): Promise<string> {
    try {
      await using file = await open(this.#path, "r");
      const { size } = await file.stat();
      if (size < this.#position) this.#position = 0;
      const start = Math.max(this.#position, size - PIECE_BYTES);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
      this.#position = start + bytesRead;
      if (this.#position > LONGEST_FILE_BYTES) await this.#cut();
      return buffer.toString("utf8", 0, bytesRead);
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return "";
      throw error;
    }
  }

  async #cut(): Promise<void> {
    await truncate(this.#path);
    this.#position = 0;
  }
}
