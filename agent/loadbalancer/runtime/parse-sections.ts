/** A whole configuration of HAProxy as structures. */
import { SECTIONS } from "../edit-config.ts";
import { parseServer } from "./parse-server.ts";
import { parseWords } from "./parse-words.ts";
import type { Section, Server, Words } from "./types.ts";

interface OpenSection extends Section {
  readonly lines: Words[];
  readonly servers: Server[];
}

/**
 * Sections in order. A server that the agent does not understand is a line like any other.
 * @returns undefined for a text that tells not enough to be compared: it depends on HAProxy's environment, has
 * conditions, or names a server twice
 */
export function parseSections(text: string): readonly Section[] | undefined {
  const sections: OpenSection[] = [];
  for (const line of text.split("\n")) {
    const words = parseWords(line);
    if (!words) return undefined;
    const [first] = words;
    if (first === undefined) continue;
    const section = sections.at(-1);
    if (SECTIONS.has(first)) sections.push({ header: words, lines: [], servers: [] });
    else if (!section || first.startsWith(".")) return undefined;
    else addLine(section, words);
  }
  return sections.some(hasTwins) ? undefined : sections;
}

function addLine({ lines, servers }: OpenSection, words: Words): void {
  const server = parseServer(words);
  if (server) servers.push(server);
  else lines.push(words);
}

function hasTwins({ servers }: Section): boolean {
  return new Set(servers.map(({ name }) => name)).size < servers.length;
}

/** What a section is called in differences: its first line. */
export function sectionName({ header }: Section): string {
  return header.join(" ");
}
