/** Octavia's health manager code, with a database of its own: takes heartbeats and tells what became of the rows. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** Debian's, whose Octavia is installed for it. */
const PYTHON = "/usr/bin/python3";
const PROGRAM = join(import.meta.dirname, "heartbeat_rows.py");

export interface OctaviaListener {
  readonly id: string;
  readonly pool: string;
  readonly protocol: "UDP" | "SCTP";
  readonly port: number;
  readonly monitor: string | undefined;
  readonly members: readonly {
    readonly id: string;
    readonly address: string;
    readonly port: number;
    readonly enabled: boolean;
  }[];
}

export interface OctaviaRows {
  readonly loadBalancer: string;
  readonly isAlive: boolean;
  /** Operating statuses by id. */
  readonly listeners: Readonly<Record<string, string>>;
  readonly pools: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, string>>;
  readonly statistics: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export class OctaviaHealth implements AsyncDisposable {
  readonly #directory: string;
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string, undefined>;

  private constructor(directory: string, process: ChildProcessByStdio<Writable, Readable, null>) {
    this.#directory = directory;
    this.#process = process;
    this.#answers = createInterface(process.stdout)[Symbol.asyncIterator]();
  }

  /** @param key - that signs heartbeats */
  static async create(
    key: string,
    load: { readonly amphora: string; readonly listeners: readonly OctaviaListener[] },
  ): Promise<OctaviaHealth> {
    const directory = await mkdtemp(join(tmpdir(), "amphora-octavia-"));
    const child = spawn(PYTHON, ["-B", "-W", "ignore", PROGRAM, directory, key], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const octavia = new OctaviaHealth(directory, child);
    child.stdin.write(`${JSON.stringify(load)}\n`);
    return octavia;
  }

  /** @throws Error when Octavia does not take it; its words are on standard error */
  async take(datagram: Buffer): Promise<OctaviaRows> {
    this.#process.stdin.write(`${datagram.toString("hex")}\n`);
    const answer = await this.#answers.next();
    if (answer.done) throw new Error("Octavia's health manager code has failed");
    return JSON.parse(answer.value) as OctaviaRows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin.end();
    if (this.#process.exitCode === null) await once(this.#process, "exit");
    await rm(this.#directory, { recursive: true });
  }
}
