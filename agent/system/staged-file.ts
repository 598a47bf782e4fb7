/** A file that is written beside the active one, judged, and then takes its place or not. */
import { link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { systemErrorCode } from "../errors.ts";
import { syncDirectory } from "./files.ts";

/**
 * Writes `bytes` to `path`, which nothing depends on yet.
 * @param mode - permission bits, set whatever the umask and an older file say
 * @throws the system error of the step that failed; then there is no such file
 */
export async function stageFile(path: string, bytes: string | Uint8Array, mode: number): Promise<void> {
  try {
    await using file = await open(path, "w", mode);
    await file.chmod(mode);
    await file.writeFile(bytes);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Waits until the content of a file is on the disk. */
export async function syncFile(path: string): Promise<void> {
  await using file = await open(path, "r");
  await file.sync();
}

/**
 * Puts a staged and synced file in the place of `target`, whose old content stays as `previous`.
 * At every moment there is a complete `target`, if there was one before.
 */
export async function promoteFile(staged: string, target: string, previous: string): Promise<void> {
  await linkOver(target, previous);
  await rename(staged, target);
  await syncDirectory(dirname(target));
}

/** Makes a file's content, if there is one, known under another name too. */
export async function linkOver(path: string, other: string): Promise<void> {
  await rm(other, { force: true });
  try {
    await link(path, other);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
}

/** Keeps a staged file that was refused under another name. */
export const setAside: (staged: string, rejected: string) => Promise<void> = rename;
