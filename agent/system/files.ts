/** Files as the agent needs them: replaced whole or not at all, and "not there" as a value. */
import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { systemErrorCode } from "../errors.ts";

/** Puts `bytes` in the place of `path`, which keeps its old content unless all of it was written. */
export type ReplaceFile = (path: string, bytes: string | Uint8Array, mode: number) => Promise<void>;

/**
 * Writes beside the file, syncs, renames, syncs the directory: a crash or a full disk at any moment
 * leaves either the old or the new content (docs/contract/rest-api.md, section 7, rows 6 and 7).
 * @param mode - permission bits, set whatever the umask and the old file say
 * @throws the system error of the step that failed (`ENOSPC`, `EROFS`, ...)
 */
export const replaceFile: ReplaceFile = async (path, bytes, mode) => {
  const temp = `${path}.${randomUUID()}.tmp`;
  try {
    {
      await using file = await open(temp, "wx", mode);
      await file.chmod(mode);
      await file.writeFile(bytes);
      await file.sync();
    }
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
};

/** Makes renames and deletions inside `directory` survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory, "r");
  await handle.sync();
}

/** Content of a file, or undefined when there is none. Any other failure is thrown. */
export async function readIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Creates a directory and its parents. */
export async function makeDirectory(path: string, mode = 0o755): Promise<void> {
  await mkdir(path, { recursive: true, mode });
}
