/** Tells whether a file is still the one it was. */
import { stat, utimes } from "node:fs/promises";

/**
 * A text that changes when the file is replaced or written.
 * @throws the system error when there is no such file
 */
export async function fileStamp(path: string): Promise<string> {
  const { ino, mtimeNs, size } = await stat(path, { bigint: true });
  return `${ino}.${mtimeNs}.${size}`;
}

/** When a file was last written, in nanoseconds since the epoch; undefined when there is none. */
export async function modifiedNs(path: string): Promise<bigint | undefined> {
  return (await stat(path, { bigint: true, throwIfNoEntry: false }))?.mtimeNs;
}

/** Has a file written last now, with the content it has. @throws the system error when there is no such file */
export async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}
