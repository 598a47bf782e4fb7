/** Lines of HAProxy's configuration as words (HAProxy configuration manual, 2.2 "Quoting and escaping"). */
import type { Words } from "./types.ts";

/** Outside of quotes: what ends a word, a comment, what quotes, what escapes, and runs of anything else. */
const PIECE = /[ \t\r]+|#.*|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\x([0-9a-fA-F]{2})|\\(.)|[^ \t\r#'"\\]+/sy;
const ESCAPED: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/**
 * The words of one line, none for one that is empty or a comment.
 * @returns undefined for a line that cannot be compared by its words: HAProxy would put values of its environment
 * in, or a quote does not end
 */
export function parseWords(line: string): Words | undefined {
  if (PLAIN.test(line)) return line.split(/[ \t\r]+/).filter((word) => word !== "");
  const words: string[] = [];
  let word: string | undefined;
  const finish = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < line.length) {
    const match = PIECE.exec(line);
    if (!match) return undefined;
    const [piece = "", strong, weak, hexadecimal, escaped] = match;
    if (piece.startsWith("#")) break;
    if (strong !== undefined) word = (word ?? "") + strong;
    else if (weak !== undefined) {
      if (/(?<!\\)\$/.test(weak)) return undefined;
      word = (word ?? "") + weak.replace(/\\(["\\$])/g, "$1");
    } else if (hexadecimal !== undefined) {
      word = (word ?? "") + String.fromCharCode(Number.parseInt(hexadecimal, 16));
    } else if (escaped !== undefined) word = (word ?? "") + (ESCAPED[escaped] ?? escaped);
    else if (/^[ \t\r]/.test(piece)) finish();
    else word = (word ?? "") + piece;
  }
  finish();
  return words;
}

const PLAIN = /^[^#'"\\]*$/;
