/** Files as the agent needs them: replaced whole or not at all, and "not there" as a value. */
import { randomUUID } from "node:crypto";
import type { Dirent } from "node:fs";
import {
  access,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
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
  await writeBesideAndRename(path, bytes, mode, (file) => file.sync());
  await syncDirectory(dirname(path));
};

/**
 * Like {@link replaceFile}, but leaves it to the kernel when the disk is written: for small files that are
 * replaced all the time and mean nothing after a power cut, which may leave such a file old or empty.
 * @throws the system error of the step that failed
 */
export const replaceFileUnsynced: ReplaceFile = (path, bytes, mode) =>
  writeBesideAndRename(path, bytes, mode);

/**
 * Makes sure that a file has this content and these permission bits, as {@link replaceFile} does; one that
 * has them already is left alone.
 * @returns whether it had to be written
 * @throws as {@link replaceFile}
 */
export async function keepFile(path: string, bytes: string | Uint8Array, mode: number): Promise<boolean> {
  const [present, stats] = await Promise.all([readIfPresent(path), stat(path, { throwIfNoEntry: false })]);
  if (present?.equals(Buffer.from(bytes)) && stats && (stats.mode & 0o7777) === mode) return false;
  await replaceFile(path, bytes, mode);
  return true;
}

const TEMPORARY = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** Whether a file of this name is half of a replacement. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

async function writeBesideAndRename(
  path: string,
  bytes: string | Uint8Array,
  mode: number,
  finish?: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temp = `${path}.${randomUUID()}.tmp`;
  try {
    {
      await using file = await open(temp, "wx", mode);
      await file.chmod(mode);
      await file.writeFile(bytes);
      await finish?.(file);
    }
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
}

/** Makes `path` a symbolic link to `target`, in place of whatever file is there. */
export async function replaceLink(target: string, path: string): Promise<void> {
  const temp = `${path}.${randomUUID()}.tmp`;
  await symlink(target, temp);
  try {
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
}

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

/** Whether there is anything at that path. */
export async function isPresent(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Whether `path` is a regular file, or a link to one. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path, { throwIfNoEntry: false }))?.isFile() ?? false;
  } catch (error) {
    if (systemErrorCode(error) === "ENOTDIR") return false;
    throw error;
  }
}

/** Those of `paths` that are no regular file, or an empty one: what a deletion or a power cut leaves. */
export async function missingOf(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map((path) => stat(path, { throwIfNoEntry: false })));
  return paths.filter((_path, index) => !found[index]?.isFile() || found[index].size === 0);
}

export interface Names {
  readonly directories: readonly string[];
  readonly others: ReadonlySet<string>;
}

/** Names inside `path`, directories apart from everything else; none when it does not exist. */
export async function namesIn(path: string): Promise<Names> {
  const directories: string[] = [];
  const others = new Set<string>();
  for (const entry of await entriesOf(path)) {
    if (entry.isDirectory()) directories.push(entry.name);
    else others.add(entry.name);
  }
  return { directories, others };
}

async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** Names of the directories inside `path`; none when it does not exist. */
export async function directoriesIn(path: string): Promise<string[]> {
  return [...(await namesIn(path)).directories];
}

/** Names of the regular files inside `path`, sorted; none when it does not exist. */
export async function filesIn(path: string): Promise<string[]> {
  const files = (await entriesOf(path)).filter((entry) => entry.isFile());
  return files.map((entry) => entry.name).sort();
}
