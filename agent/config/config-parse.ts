/** Text of configuration files in, a typed Config out; pure. */
import { AgentError } from "../errors.ts";
import { type IniEntry, parseIni } from "./ini-parse.ts";
import { type ConfigField, configFields, OPTIONS, type Option, WITHOUT_EFFECT } from "./options.ts";
import type { Config } from "./types.ts";

export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

export interface ParsedConfig {
  readonly config: Config;
  /** One sentence for each option that nobody knows. */
  readonly warnings: readonly string[];
}

type LocatedEntry = IniEntry & { readonly file: string };

/**
 * @param files - in order; a later file wins over an earlier one
 * @param target - the file that `PUT /config` will replace
 * @throws AgentError `invalidInput` naming file, line, option, and what was expected
 */
export function parseConfig(files: readonly ConfigFile[], target: string): ParsedConfig {
  const entries: LocatedEntry[] = files.flatMap(({ path, text }) =>
    parseIni(text, path).map((entry) => ({ ...entry, file: path })),
  );
  const values = Object.fromEntries(configFields().map((field) => [field, readOption(field, entries)]));
  // The table has an option for every field, each read by a reader of that field's type.
  const config = Object.freeze({ file: target, ...values } as unknown as Config);
  return { config, warnings: entries.filter(isUnknown).map(describeUnknown) };
}

/** The options that a running agent takes over from `next`; the others wait for a restart. */
export function mergeMutable(current: Config, next: Config): { config: Config; waiting: string[] } {
  const changed = configFields().filter((field) => !sameValue(current[field], next[field]));
  const applied = changed.filter((field) => OPTIONS[field].mutable);
  const config = Object.freeze({
    ...current,
    ...Object.fromEntries(applied.map((field) => [field, next[field]])),
  });
  const waiting = changed.filter((field) => !OPTIONS[field].mutable).map((field) => OPTIONS[field].name);
  return { config, waiting };
}

function readOption(field: ConfigField, entries: readonly LocatedEntry[]): unknown {
  const option: Option<unknown> = OPTIONS[field];
  const entry = findEntry(option, entries);
  if (!entry) return option.fallback;
  const result = option.read(substitute(entry, entries));
  if ("value" in result) return result.value;
  const found = option.secret ? "another value" : JSON.stringify(entry.value);
  throw new AgentError(
    "invalidInput",
    `${entry.file}, line ${entry.line}: [${entry.section}] ${entry.name}: expected ${result.expected}, found ${found}`,
  );
}

function findEntry(option: Option<unknown>, entries: readonly LocatedEntry[]): LocatedEntry | undefined {
  for (const section of option.sections) {
    const entry = entries.findLast(
      (candidate) => candidate.section === section && candidate.name === option.name,
    );
    if (entry) return entry;
  }
  return undefined;
}

/** oslo.config's `$name`, `${name}` and `${section.name}`; `$$` is a dollar sign. */
function substitute(entry: LocatedEntry, entries: readonly LocatedEntry[], depth = 0): string {
  return entry.value.replace(
    /\$(?:\$|\{?([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)\}?)/gi,
    (match, name?: string) => {
      if (name === undefined) return "$";
      const referred = entries.findLast(
        (other) =>
          name === `${other.section}.${other.name}` || (name === other.name && other.section === "DEFAULT"),
      );
      if (referred && depth < 8) return substitute(referred, entries, depth + 1);
      throw new AgentError(
        "invalidInput",
        `${entry.file}, line ${entry.line}: [${entry.section}] ${entry.name}: expected an option of this file after $, found ${JSON.stringify(match)} (write $$ for a dollar sign)`,
      );
    },
  );
}

function isUnknown({ section, name }: IniEntry): boolean {
  return !WITHOUT_EFFECT.has(`${section}.${name}`) && !KNOWN.has(`${section}.${name}`);
}

const KNOWN = new Set(
  configFields().flatMap((field) =>
    OPTIONS[field].sections.map((section) => `${section}.${OPTIONS[field].name}`),
  ),
);

function describeUnknown({ file, line, section, name }: LocatedEntry): string {
  const nearest = nearestName(name);
  const hint = nearest === undefined ? "" : `; the nearest known one is ${nearest}`;
  return `${file}, line ${line}: [${section}] ${name} is unknown and ignored${hint}`;
}

function nearestName(name: string): string | undefined {
  const candidates = [...KNOWN]
    .map((known) => ({ known, distance: editDistance(name, known.slice(known.indexOf(".") + 1)) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = candidates;
  if (!best || best.distance > 3) return undefined;
  const [section, option] = best.known.split(".");
  return `[${section}] ${option}`;
}

/** Levenshtein distance of two short words. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, charA] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, charB] of [...b].entries()) {
      const substitution = (row[j] ?? 0) + (charA === charB ? 0 : 1);
      next.push(Math.min(substitution, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function sameValue(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
