/** Files below `/proc/net`, which show the network namespace of whoever reads them. */
import { readlink, stat } from "node:fs/promises";
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
