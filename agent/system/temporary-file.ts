/** A file that lives as long as the work with it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Writes a file of its own directory, which only this user may read, and removes both when `use` has ended.
 * @param name - of the file, for programs that print it
 * @throws the system error of the step that failed, and whatever `use` throws
 */
export async function withTemporaryFile<T>(
  name: string,
  text: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "amphora-"));
  try {
    const path = join(directory, name);
    await writeFile(path, text, { mode: 0o600 });
    return await use(path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
