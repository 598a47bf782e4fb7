/** Deleting: what is not there is as good as deleted. */
import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../errors.ts";

/** Deletes a file or a link. */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** Deletes `path` if it is a unix socket, and only then: the path may come from outside. */
export async function removeSocket(path: string): Promise<void> {
  try {
    if ((await lstat(path)).isSocket()) await rm(path, { force: true });
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}

/**
 * Deletes a directory and everything in it.
 * @param last - name of the file that goes last: as long as it is there the deletion can be asked for again
 */
export async function removeDirectory(path: string, last?: string): Promise<void> {
  if (last !== undefined) await removeAllBut(path, last);
  await rm(path, { recursive: true, force: true });
}

async function removeAllBut(directory: string, kept: string): Promise<void> {
  try {
    for (const name of await readdir(directory)) {
      if (name !== kept) await rm(join(directory, name), { recursive: true, force: true });
    }
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}
