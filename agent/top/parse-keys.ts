/** What somebody types, as a change of the view; pure. */
import type { SortKey, View } from "./types.ts";

const SORTS: Readonly<Record<string, SortKey>> = {
  r: "requests",
  e: "errors",
  u: "queue",
  l: "latency",
  c: "connections",
};
const QUITS: ReadonlySet<string> = new Set(["q", "Q", "\x03", "\x04"]);
/** What terminals send for a key (XTerm control sequences, "PC-Style Function Keys"), and how far it moves. */
const MOVES: Readonly<Record<string, number>> = {
  "\x1b[A": -1,
  "\x1bOA": -1,
  k: -1,
  "\x1b[B": 1,
  "\x1bOB": 1,
  j: 1,
};
const PAGES: Readonly<Record<string, number>> = { "\x1b[5~": -1, "\x1b[6~": 1, " ": 1 };
/** A key: a sequence that begins with an escape, or a character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals send them
const KEY = /\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])|[\s\S]/g;

/**
 * @param text - one or more keys: a slow line sends several at once
 * @param page - rows of members on the screen
 * @param count - members in all
 * @returns undefined to quit
 */
export function parseKeys(text: string, view: View, page: number, count: number): View | undefined {
  let next = view;
  for (const [key] of text.matchAll(KEY)) {
    if (QUITS.has(key)) return undefined;
    next = parseKey(key, next, page, count);
  }
  return next;
}

function parseKey(key: string, view: View, page: number, count: number): View {
  const sort = SORTS[key];
  if (sort !== undefined) return { ...view, sort, offset: 0 };
  if (key === "i") return { ...view, ascending: !view.ascending, offset: 0 };
  if (key === "p") return { ...view, paused: !view.paused };
  const move = MOVES[key] ?? (PAGES[key] ?? 0) * page;
  const offset = Math.max(0, Math.min(view.offset + move, count - page));
  return { ...view, offset };
}
