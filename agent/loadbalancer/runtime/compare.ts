/** What HAProxy works with, against what is stored for it. */
import type { HaproxyVersion } from "../../supervisor/types.ts";
import { parseSections } from "./parse-sections.ts";
import { planDifferences, planFileDifferences } from "./plan-differences.ts";
import { planRuntime } from "./plan-runtime.ts";
import { type FileDigests, readFileDigests } from "./read-files.ts";
import type { Difference, Plan, RunningRecord, Section, ServerName } from "./types.ts";

export interface Comparison {
  /** Of the stored configuration. */
  readonly sections: readonly Section[];
  readonly files: FileDigests;
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
  const files = await readFileDigests(sections, agentConfig);
  const differences = [
    ...planDifferences(before, sections),
    ...(files ? planFileDifferences(running.files, files) : []),
  ];
  const plan = files
    ? planRuntime(sections, differences, { version, leaving })
    : { reason: "it reads files that are not known" };
  return { sections, files: files ?? {}, differences, plan };
}
