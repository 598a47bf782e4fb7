/** Room on a file system. */
import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { systemErrorCode } from "../errors.ts";

/**
 * @param path - of a directory on it
 * @throws the system error
 */
export async function readDisk(path: string): Promise<{
  readonly totalBytes: number;
  /** For everybody but root, who may use a reserve. */
  readonly availableBytes: number;
  /** Files that there can be, and that could still be created; 0 of 0 where there is no limit. */
  readonly totalFiles: number;
  readonly availableFiles: number;
  readonly readOnly: boolean;
}> {
  const [room, readOnly] = await Promise.all([statfs(path), isReadOnly(path)]);
  const { blocks, bavail, bsize, files: totalFiles, ffree: availableFiles } = room;
  return { totalBytes: blocks * bsize, availableBytes: bavail * bsize, totalFiles, availableFiles, readOnly };
}

async function isReadOnly(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK);
    return false;
  } catch (error) {
    if (systemErrorCode(error) === "EROFS") return true;
    // Another user's directory: whether it could be written is not the question.
    if (systemErrorCode(error) === "EACCES") return false;
    throw error;
  }
}
