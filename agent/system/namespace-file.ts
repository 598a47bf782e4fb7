/** Files below `/proc/net`, which show the network namespace of whoever reads them. */
import { readlink, stat, statfs } from "node:fs/promises";
import { systemErrorCode } from "../errors.ts";
import { readIfPresent } from "./files.ts";

/**
 * Reads such a file as a process inside another namespace sees it, without starting one.
 * @param handle - the namespace's own file, `/var/run/netns/...`
 * @param name - file below `/proc/net`
 * @returns undefined when the process has ended or is in another namespace, or has no such file
 */
export async function readNamespaceFile(
  pid: number,
  handle: string,
  name: string,
): Promise<Buffer | undefined> {
  try {
    const [link, { ino }] = await Promise.all([readlink(`/proc/${pid}/ns/net`), stat(handle)]);
    return link === `net:[${ino}]` ? await readIfPresent(`/proc/${pid}/net/${name}`) : undefined;
  } catch (error) {
    const gone = ["ENOENT", "ESRCH", "EINVAL"].includes(systemErrorCode(error) ?? "");
    if (gone) return undefined;
    throw error;
  }
}

/** linux/magic.h */
const NSFS_MAGIC = 0x6e73_6673;

/** Whether a file is a namespace: one whose mount is gone is an empty file, or none. */
export async function isNamespace(handle: string): Promise<boolean> {
  try {
    return (await statfs(handle)).type === NSFS_MAGIC;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return false;
    throw error;
  }
}

/** Whether a process lives in another network namespace than the agent. */
export async function isElsewhere(pid: number): Promise<boolean> {
  try {
    const [theirs, ours] = await Promise.all([
      readlink(`/proc/${pid}/ns/net`),
      readlink("/proc/self/ns/net"),
    ]);
    return theirs !== ours;
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes(systemErrorCode(error) ?? "")) return false;
    throw error;
  }
}
