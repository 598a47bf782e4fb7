/** Asks a thread of its own to look from inside the namespace. */
import { once } from "node:events";
import { isSea } from "node:sea";
import { Worker } from "node:worker_threads";
import { NAMESPACE_HANDLE } from "../config/paths.ts";
import { workerProgram } from "../package-files.ts";
import type { Reached } from "./judge-reach.ts";

export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface Look {
  /** File of the network namespace. */
  readonly namespace: string;
  /** To be read there. */
  readonly files: readonly string[];
  /** To be connected to from there, with TCP. */
  readonly targets: readonly Target[];
}

export interface Seen {
  /** In the order of the files; undefined for one that is not there. */
  readonly texts: readonly (string | undefined)[];
  /** In the order of the targets. */
  readonly reached: readonly Reached[];
}

/** @throws the system error, `ENOENT` without a namespace, `EPERM` for who may not enter it; the signal's reason */
export async function lookInside(
  look: Partial<Pick<Look, "files" | "targets">>,
  signal: AbortSignal,
): Promise<Seen> {
  const workerData: Look = { namespace: NAMESPACE_HANDLE, files: [], targets: [], ...look };
  const worker = new Worker(await workerProgram("doctor"), {
    eval: isSea(),
    name: "doctor",
    workerData,
    // Calls into the C library are still called experimental; which Node we run on is fixed (package.json).
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  try {
    const [seen] = (await once(worker, "message", { signal })) as [Seen];
    return seen;
  } finally {
    await worker.terminate();
  }
}
