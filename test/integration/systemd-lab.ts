/** What the tests that boot machines have in common. */
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AMPHORA_TREE, buildProgram } from "../bed/amphora.ts";
import { BedUnavailable } from "../bed/host.ts";
import { enterLab, type Lab } from "../bed/lab.ts";

/** For a program to come or go, and systemd to say so, on a busy machine. */
const PATIENCE_MS = 20_000;

/** @returns undefined where no machine can be booted: the reason is printed, and counted as a skip */
export async function enterOrSkip(title: string): Promise<Lab | undefined> {
  try {
    return await enterLab([AMPHORA_TREE], buildProgram);
  } catch (error) {
    if (!(error instanceof BedUnavailable)) throw error;
    console.error(`SKIPPED: systemd tests: ${error.message}`);
    test(title, { skip: error.message });
    return undefined;
  }
}

/** @param attempt - may fail until it succeeds @throws when it does not in time, with its last failure */
export async function until(what: string, attempt: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const failure = await attempt().then(
      (done) => (done ? undefined : "not yet"),
      (error: unknown) => error,
    );
    if (failure === undefined) return;
    if (performance.now() > deadline)
      throw new Error(`${what}: not within ${PATIENCE_MS} ms`, { cause: failure });
    await sleep(50);
  }
}
