/** What a program that was killed while it replaced a file has left beside the file. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../errors.ts";
import { isTemporary } from "./files.ts";
import { removeFile } from "./removal.ts";

export interface Places {
  /** Directories that are searched with all that is below. */
  readonly deep: readonly string[];
  /** Directories that belong to others too. */
  readonly flat: readonly string[];
}

/**
 * Deletes what unfinished calls of `replaceFile` have left.
 * @param before - Unix time in milliseconds; files that were written later belong to programs that may still run
 * @returns what was deleted
 */
export async function removeLeftovers({ deep, flat }: Places, before: number): Promise<string[]> {
  const lists = await Promise.all([
    ...deep.map((directory) => temporariesIn(directory, true)),
    ...flat.map((directory) => temporariesIn(directory, false)),
  ]);
  const deleted: string[] = [];
  for (const path of new Set(lists.flat())) {
    const written = (await stat(path, { throwIfNoEntry: false }))?.mtimeMs;
    if (written === undefined || written >= before) continue;
    await removeFile(path);
    deleted.push(path);
  }
  return deleted;
}

async function temporariesIn(directory: string, recursive: boolean): Promise<string[]> {
  try {
    const entries = await readdir(directory, { recursive, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && isTemporary(entry.name))
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}
