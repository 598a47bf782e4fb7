/** A TCP connection to this machine that is read into one and the same memory, when asked. */
import { connect, type Socket } from "node:net";
import { SpareBuffer } from "./spare-buffer.ts";

/** What the kernel has ready while the one who reads is busy: with ten servers, all of it. */
const PIECE_BYTES = 192 * 1024;

const MEMORY = new SpareBuffer(PIECE_BYTES);

type Piece = Buffer | undefined;

export class Inlet {
  readonly #socket: Socket;
  #ready: Piece;
  #reader: PromiseWithResolvers<Piece> | undefined;
  /** Whether all has come, or why no more does. */
  #end: { readonly error: Error | undefined } | undefined;

  constructor(port: number) {
    const buffer = MEMORY.take();
    this.#socket = connect({
      port,
      host: "127.0.0.1",
      onread: {
        buffer,
        callback: (size) => {
          this.#came(buffer.subarray(0, size));
          // The memory is in use: no more until the next question.
          return false;
        },
      },
    });
    this.#socket
      .on("error", (error) => this.#ended(error))
      .on("end", () => this.#ended(undefined))
      .on("close", () => {
        this.#ended(new Error("the connection is closed"));
        MEMORY.giveBack(buffer);
      });
  }

  /** @param onSent - called when it is on its way, and when it will never be */
  write(text: string, onSent: () => void): void {
    this.#socket.write(text, () => onSent());
  }

  /**
   * One call at a time.
   * @returns bytes that are valid until the next call; nothing at the end
   * @throws the system error, or the reason of {@link close}
   */
  async read(): Promise<Piece> {
    const ready = this.#ready;
    this.#ready = undefined;
    if (ready) return ready;
    if (this.#end?.error) throw this.#end.error;
    if (this.#end) return undefined;
    this.#reader = Promise.withResolvers();
    this.#socket.resume();
    return this.#reader.promise;
  }

  close(reason?: Error): void {
    this.#socket.destroy(reason);
  }

  #came(piece: Buffer): void {
    if (this.#reader) this.#reader.resolve(piece);
    else this.#ready = piece;
    this.#reader = undefined;
  }

  #ended(error: Error | undefined): void {
    this.#end ??= { error };
    if (this.#end.error) this.#reader?.reject(this.#end.error);
    else this.#reader?.resolve(undefined);
    this.#reader = undefined;
  }
}
