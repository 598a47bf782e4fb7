/** A thread that lives in another network namespace than the rest of the process. */
import { open } from "node:fs/promises";
import { getSystemErrorName } from "node:util";
import { isMainThread } from "node:worker_threads";

const CLONE_NEWNET = 0x4000_0000;

/**
 * Moves the calling thread into a namespace for good: its sockets are made there from now on, those of other
 * threads are not. Name lookups and files are still those of the process.
 * @param handle - the namespace's file, `/var/run/netns/...`
 * @throws the system error, `ENOENT` when there is no such namespace; Error on the main thread
 * @see setns(2): the network namespace belongs to the thread
 */
export async function enterNamespace(handle: string): Promise<void> {
  if (isMainThread) throw new Error("the main thread stays where the controllers are");
  await using namespace = await open(handle);
  // Loaded where it is needed only.
  const { dlopen, getInt32 } = await import("node:ffi");
  const { functions: libc } = dlopen(null, {
    setns: { arguments: ["i32", "i32"], return: "i32" },
    __errno_location: { arguments: [], return: "pointer" },
  });
  if (libc.setns(namespace.fd, CLONE_NEWNET) === 0) return;
  const code = getSystemErrorName(-getInt32(libc.__errno_location()));
  throw Object.assign(new Error(`${code}: cannot enter ${handle}`), { code });
}
