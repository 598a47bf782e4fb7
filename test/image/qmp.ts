/** QEMU's control socket: one command at a time. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface, type Interface } from "node:readline";

export class Qmp {
  readonly #socket: Socket;
  readonly #lines: Interface;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = createInterface(socket);
  }

  static async connect(path: string): Promise<Qmp> {
    const socket = connect(path);
    const qmp = new Qmp(socket);
    await Promise.all([once(socket, "connect"), once(qmp.#lines, "line")]);
    await qmp.execute("qmp_capabilities");
    return qmp;
  }

  /** @throws Error with QEMU's words */
  async execute(command: string, args: object = {}): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const take = (line: string): void => {
      const answer = JSON.parse(line) as { return?: unknown; error?: { desc: string } };
      if (answer.error) reject(new Error(`${command}: ${answer.error.desc}`));
      else if ("return" in answer) resolve();
    };
    this.#lines.on("line", take);
    const lost = () => reject(new Error(`${command}: QEMU has ended`));
    this.#socket.once("close", lost);
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    try {
      await promise;
    } finally {
      this.#lines.off("line", take);
      this.#socket.off("close", lost);
    }
  }

  /** Settles with the next event of that name (QEMU QMP Reference Manual, "Events"). */
  async event(name: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const take = (line: string): void => {
      if ((JSON.parse(line) as { event?: string }).event === name) resolve();
    };
    const late = () => reject(new Error(`QEMU tells of no ${name}`));
    this.#lines.on("line", take);
    signal.addEventListener("abort", late, { once: true });
    try {
      await promise;
    } finally {
      this.#lines.off("line", take);
      signal.removeEventListener("abort", late);
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
