/** What a process holds on to. */
import { readdir, readFile } from "node:fs/promises";

/** Proportional share of the memory that it uses, in bytes. */
export async function memoryOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  return 1024 * Number(/^Pss:\s+(\d+)/m.exec(text)?.[1]);
}

export async function openFilesOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}
