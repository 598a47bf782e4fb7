/** Files that are switches of the kernel: written in place, never created. */
import { open } from "node:fs/promises";
import { systemErrorCode } from "../errors.ts";

/**
 * @returns false when the kernel has no such file
 * @throws any other system error
 */
export async function writeKernelFile(path: string, text: string): Promise<boolean> {
  try {
    await using file = await open(path, "r+");
    await file.write(text);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return false;
    throw error;
  }
}
