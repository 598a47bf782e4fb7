/** What the files that a configuration names hold now. */
import { createHash } from "node:crypto";
import { systemErrorCode } from "../../errors.ts";
import { readIfPresent } from "../../system/files.ts";
import { parseCertificateList, parseFileReferences } from "./parse-files.ts";
import type { Files, Section } from "./types.ts";

/**
 * @param agentConfig - the agent's own piece of configuration, whose options may have changed
 * @returns undefined when there may be files that the agent does not know of
 */
export async function readFiles(
  sections: readonly Section[],
  agentConfig: string,
): Promise<Files | undefined> {
  const references = parseFileReferences(sections);
  if (!references) return undefined;
  const paths = new Set([agentConfig, ...references.certificates, ...references.lists, ...references.others]);
  const certificates = new Set(references.certificates);
  const lists: Record<string, readonly string[]> = {};
  for (const list of references.lists) {
    const named = parseCertificateList((await readWhole(list))?.toString("utf8") ?? "");
    if (!named) return undefined;
    if (named.isPlain) lists[list] = named.paths;
    for (const path of named.paths) certificates.add(path);
  }
  for (const path of certificates) paths.add(path);
  const digests = new Map<string, string>();
  for (const path of [...paths].sort()) {
    const bytes = await readWhole(path);
    digests.set(path, bytes ? digestOf(bytes) : "");
  }
  return { digests: Object.fromEntries(digests), lists, certificates: [...certificates].sort() };
}

/** Of a file's content, as {@link Files} has it. */
export function digestOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
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
