/** What the files that a configuration names hold now. */
import { createHash } from "node:crypto";
import { systemErrorCode } from "../../errors.ts";
import { readIfPresent } from "../../system/files.ts";
import { parseCertificateList, parseFileReferences } from "./parse-files.ts";
import type { Section } from "./types.ts";

/** Digests by path; a file that is not there has an empty one. */
export type FileDigests = Readonly<Record<string, string>>;

/**
 * @param agentConfig - the agent's own piece of configuration, whose options may have changed
 * @returns undefined when there may be files that the agent does not know of
 */
export async function readFileDigests(
  sections: readonly Section[],
  agentConfig: string,
): Promise<FileDigests | undefined> {
  const references = parseFileReferences(sections);
  if (!references) return undefined;
  const paths = new Set([agentConfig, ...references.certificates, ...references.lists, ...references.others]);
  for (const list of references.lists) {
    const named = parseCertificateList((await readWhole(list))?.toString("utf8") ?? "");
    if (!named) return undefined;
    for (const path of named) paths.add(path);
  }
  const digests = new Map<string, string>();
  for (const path of [...paths].sort()) {
    const bytes = await readWhole(path);
    digests.set(path, bytes ? createHash("sha256").update(bytes).digest("hex") : "");
  }
  return Object.fromEntries(digests);
}

async function readWhole(path: string): Promise<Buffer | undefined> {
  try {
    return await readIfPresent(path);
  } catch (error) {
    // A directory: HAProxy would read all that is in it.
    if (systemErrorCode(error) === "EISDIR") return Buffer.from(`directory, read ${performance.now()}`);
    throw error;
  }
}
