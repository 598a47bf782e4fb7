/** What HAProxy works with, against what is stored for it. */
import type { HaproxyVersion } from "../../supervisor/types.ts";
import { parseSections } from "./parse-sections.ts";
import { planDifferences, planFileDifferences } from "./plan-differences.ts";
import { planRuntime } from "./plan-runtime.ts";
import { readFiles } from "./read-files.ts";
import type { Difference, Files, Plan, RunningRecord, Section, ServerName } from "./types.ts";

const NO_FILES: Files = { digests: {}, lists: {}, certificates: [] };

export interface Comparison {
  /** Of the stored configuration. */
  readonly sections: readonly Section[];
  readonly files: Files;
  readonly differences: readonly Difference[];
  readonly plan: Plan;
}

export interface Circumstances {
  readonly version: HaproxyVersion;
  readonly agentConfig: string;
  /** Servers that HAProxy has beside those of the running configuration. */
  readonly leaving: readonly ServerName[];
}

/** @returns why there is nothing to compare, otherwise what it comes to */
export async function compare(
  running: RunningRecord,
  text: string,
  { version, agentConfig, leaving }: Circumstances,
): Promise<Comparison | string> {
  const [before, sections] = [parseSections(running.text), parseSections(text)];
  if (!before || !sections) return "the configuration depends on more than itself";
  const files = await readFiles(sections, agentConfig);
  const differences = [
    ...planDifferences(before, sections),
    ...(files ? planFileDifferences(running.files.digests, files.digests) : []),
  ];
  const plan = files
    ? planRuntime(sections, differences, { version, leaving, files: { before: running.files, after: files } })
    : { reason: "it reads files that are not known" };
  return { sections, files: files ?? NO_FILES, differences, plan };
}
