/** Differences in an operator's words. */
import type { Difference, Server } from "./types.ts";

const MOST_SENTENCES = 20;
const LONGEST_LINE = 120;

/** One sentence for each change; a pool under several listeners changes once. */
export function renderDifferences(differences: readonly Difference[]): string[] {
  const sentences = new Set<string>();
  for (const sentence of membership(differences)) sentences.add(sentence);
  for (const difference of differences)
    for (const sentence of sentencesOf(difference)) sentences.add(sentence);
  const all = [...sentences];
  const more = all.length - MOST_SENTENCES;
  return more > 0 ? [...all.slice(0, MOST_SENTENCES), `and ${more} more`] : all;
}

/** Members that came and went, counted by pool. */
function membership(differences: readonly Difference[]): string[] {
  const counted = (kind: "serverAdded" | "serverRemoved", verb: string): string[] => {
    const names = new Map<string, Set<string>>();
    for (const difference of differences) {
      if (difference.kind !== kind) continue;
      const pool = poolOf(difference.section);
      names.set(pool, (names.get(pool) ?? new Set()).add(difference.server.name));
    }
    return [...names].map(
      ([pool, { size }]) => `${size} ${size === 1 ? "member" : "members"} ${verb} ${pool}`,
    );
  };
  return [...counted("serverAdded", "added to"), ...counted("serverRemoved", "removed from")];
}

function sentencesOf(difference: Difference): string[] {
  switch (difference.kind) {
    case "sectionAdded":
      return [`${titleOf(difference.section)} added`];
    case "sectionRemoved":
      return [`${titleOf(difference.section)} removed`];
    case "orderChanged":
      return [`${titleOf(difference.section)}: order of ${difference.what} changed`];
    case "lineAdded":
      return [`${titleOf(difference.section)}: "${short(difference.line)}" added`];
    case "lineRemoved":
      return [`${titleOf(difference.section)}: "${short(difference.line)}" removed`];
    case "lineChanged":
      return [`${titleOf(difference.section)}: "${short(difference.from)}" → "${short(difference.to)}"`];
    case "serverChanged":
      return serverSentences(difference.from, difference.to);
    case "fileChanged":
      return [`${difference.file} changed`];
    case "fileAdded":
      return [`${difference.file} added`];
    case "fileRemoved":
      return [`${difference.file} removed`];
    case "serverAdded":
    case "serverRemoved":
      return [];
  }
}

function serverSentences(from: Server, to: Server): string[] {
  const sentences: string[] = [];
  const [before, after] = [`${from.address}:${from.port}`, `${to.address}:${to.port}`];
  if (before !== after) sentences.push(`address of ${to.name} ${before}→${after}`);
  if (from.weight !== to.weight) sentences.push(`weight of ${to.name} ${from.weight}→${to.weight}`);
  if (from.isDisabled !== to.isDisabled)
    sentences.push(`${to.name} ${to.isDisabled ? "disabled" : "enabled"}`);
  if (from.options.join(" ") !== to.options.join(" ")) sentences.push(`options of ${to.name} changed`);
  return sentences;
}

/** The controller names a backend `<pool>:<listener>`, and a frontend after its listener. */
function titleOf(section: string): string {
  const [kind, name] = section.split(" ");
  if (kind === "frontend" && name !== undefined) return `listener ${name}`;
  return kind === "backend" && name !== undefined ? poolOf(section) : section;
}

function poolOf(section: string): string {
  const [, name = ""] = section.split(" ");
  return `pool ${name.split(":")[0]}`;
}

function short(words: readonly string[]): string {
  const text = words.join(" ");
  return text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}…` : text;
}
