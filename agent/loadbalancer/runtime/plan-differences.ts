/** What distinguishes two configurations, as structures. */
import { sectionName } from "./parse-sections.ts";
import type { Difference, Section, Server, Words } from "./types.ts";

/** From one configuration to another one, in order of the sections. */
export function planDifferences(from: readonly Section[], to: readonly Section[]): Difference[] {
  const before = numbered(from);
  const after = numbered(to);
  const removed = [...before].filter(([name]) => !after.has(name));
  const added = [...after].filter(([name]) => !before.has(name));
  const common = [...after].filter(([name]) => before.has(name));
  const differences: Difference[] = [
    ...removed.map(([section]) => ({ kind: "sectionRemoved", section }) as const),
    ...added.map(([section]) => ({ kind: "sectionAdded", section }) as const),
  ];
  if (!isSameOrder([...before.keys()], [...after.keys()])) {
    differences.push({ kind: "orderChanged", section: "configuration", what: "sections" });
  }
  for (const [name, section] of common) {
    const old = before.get(name);
    if (old) differences.push(...ofLines(name, old.lines, section.lines), ...ofServers(name, old, section));
  }
  return differences;
}

/** Sections by name; one whose name is there already (a second `global`) has its number in it. */
function numbered(sections: readonly Section[]): Map<string, Section> {
  const byName = new Map<string, Section>();
  for (const section of sections) {
    const name = sectionName(section);
    let unique = name;
    for (let number = 2; byName.has(unique); number += 1) unique = `${name} (${number})`;
    byName.set(unique, section);
  }
  return byName;
}

/** Whether what both have is in the same order in both. */
function isSameOrder(before: readonly string[], after: readonly string[]): boolean {
  const [old, now] = [new Set(before), new Set(after)];
  const kept = after.filter((name) => old.has(name));
  return before.filter((name) => now.has(name)).every((name, index) => name === kept[index]);
}

/** Separates words in a line's key: nothing that HAProxy reads has it. */
const SEPARATOR = "\0";

function ofLines(section: string, from: readonly Words[], to: readonly Words[]): Difference[] {
  const before = from.map((line) => line.join(SEPARATOR));
  const after = to.map((line) => line.join(SEPARATOR));
  if (before.length === after.length && before.every((key, index) => key === after[index])) return [];
  const removed = without(before, after).map((key) => key.split(SEPARATOR));
  const added = without(after, before).map((key) => key.split(SEPARATOR));
  if (removed.length + added.length === 0) return [{ kind: "orderChanged", section, what: "lines" }];
  return pairs(section, removed, added);
}

/** Keys of one list that the other one does not have, or not that often. */
function without(keys: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const key of others) counts.set(key, (counts.get(key) ?? 0) + 1);
  return keys.filter((key) => {
    const count = counts.get(key) ?? 0;
    counts.set(key, count - 1);
    return count <= 0;
  });
}

/** A line that went and one that came are one that changed, when each is the only one with its first word. */
function pairs(section: string, removed: readonly Words[], added: readonly Words[]): Difference[] {
  const only = (lines: readonly Words[], [word]: Words) => {
    const found = lines.filter(([first]) => first === word);
    return found.length === 1 ? found[0] : undefined;
  };
  const differences: Difference[] = [];
  for (const from of removed) {
    const to = only(removed, from) && only(added, from);
    differences.push(
      to ? { kind: "lineChanged", section, from, to } : { kind: "lineRemoved", section, line: from },
    );
  }
  for (const line of added) {
    if (!(only(added, line) && only(removed, line))) differences.push({ kind: "lineAdded", section, line });
  }
  return differences;
}

function ofServers(section: string, from: Section, to: Section): Difference[] {
  const before = new Map(from.servers.map((server) => [server.name, server]));
  const after = new Map(to.servers.map((server) => [server.name, server]));
  const differences: Difference[] = [];
  for (const [name, server] of before) {
    const now = after.get(name);
    if (!now) differences.push({ kind: "serverRemoved", section, server });
    else if (!isSameServer(server, now)) {
      differences.push({ kind: "serverChanged", section, from: server, to: now });
    }
  }
  for (const [name, server] of after) {
    if (!before.has(name)) differences.push({ kind: "serverAdded", section, server });
  }
  if (!isSameOrder([...before.keys()], [...after.keys()])) {
    differences.push({ kind: "orderChanged", section, what: "servers" });
  }
  return differences;
}

function isSameServer(one: Server, other: Server): boolean {
  return (
    one.address === other.address &&
    one.port === other.port &&
    one.weight === other.weight &&
    one.isDisabled === other.isDisabled &&
    hasSameOptions(one, other)
  );
}

/** Whether nothing but address, port, weight and state distinguishes two servers. */
export function hasSameOptions(one: Server, other: Server): boolean {
  return one.options.join(SEPARATOR) === other.options.join(SEPARATOR);
}

/** From what HAProxy read of its files to what they hold now. */
export function planFileDifferences(
  from: Readonly<Record<string, string>>,
  to: Readonly<Record<string, string>>,
): Difference[] {
  const files = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  return files.flatMap((file) => {
    if (from[file] === to[file]) return [];
    const kind =
      from[file] === undefined ? "fileAdded" : to[file] === undefined ? "fileRemoved" : "fileChanged";
    return [{ kind, file } as const];
  });
}
