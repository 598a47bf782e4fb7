/** Status codes that a health monitor expects (docs/contract/rendering.md, 3.3); pure. */
import { refuse } from "./problem.ts";

/** There are no more HTTP status codes than these, and a range could name billions. */
const MOST_CODES = 1_000;

/**
 * @param text - codes and inclusive ranges of codes, separated by commas
 * @param path - JSON path of the text
 * @returns each code once, sorted as text
 * @throws DocumentError when a range is none, or names more codes than there are
 */
export function expandCodes(text: string, path: string): readonly string[] {
  const parts = text.split(/, */).filter((part) => part !== "");
  const codes = new Set<string>();
  for (const part of parts) {
    if (!part.includes("-")) {
      codes.add(part);
      continue;
    }
    const [low, high] = part.split("-").map(parseNumber);
    if (low === undefined || high === undefined) throw refuse(path, "codes and ranges such as 200-204", text);
    for (let code = low; code <= high && codes.size <= MOST_CODES; code += 1) codes.add(String(code));
    if (codes.size > MOST_CODES) throw refuse(path, `at most ${MOST_CODES} codes`, text);
  }
  return [...codes].sort(byCodePoint);
}

/** Blanks around the digits do not matter. */
function parseNumber(text: string): number | undefined {
  return /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : undefined;
}

function byCodePoint(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
