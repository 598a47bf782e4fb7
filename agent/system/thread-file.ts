/** Files of the kernel that show the network namespace of the very thread that reads them. */
import { readFileSync } from "node:fs";
import { systemErrorCode } from "../errors.ts";

/**
 * Reads at once, on this thread: what Node reads in the background, threads of the main namespace read. To be called
 * by threads that nobody waits for.
 * @param path - below `/proc/thread-self/net` or `/proc/sys/net`
 * @returns undefined when there is no such file
 */
export function readOnThisThread(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
