/** Text for a terminal: lines of words that are broken to its width, with a colour for what each word means. */

export interface ScreenOptions {
  /** Columns; no line is longer unless a single word is. */
  readonly width: number;
  readonly colours: boolean;
}

type Tone = "plain" | "title" | "good" | "bad" | "doubtful" | "quiet";

export interface Word {
  readonly text: string;
  readonly tone: Tone;
}

/** Words that stay together up to the end of the line, and where the next lines of it begin. */
export interface Line {
  readonly indent: number;
  readonly words: readonly Word[];
  readonly hanging: number;
}

const ESCAPES: Readonly<Record<Tone, string>> = {
  plain: "",
  title: "\x1b[1m",
  good: "\x1b[32m",
  bad: "\x1b[31m",
  doubtful: "\x1b[33m",
  quiet: "\x1b[2m",
};
const RESET = "\x1b[0m";
export const EMPTY: Line = { indent: 0, hanging: 0, words: [] };

export function plain(text: string): Word {
  return { text, tone: "plain" };
}
export function title(text: string): Word {
  return { text, tone: "title" };
}
export function quiet(text: string): Word {
  return { text, tone: "quiet" };
}
export function good(text: string): Word {
  return { text, tone: "good" };
}
export function bad(text: string): Word {
  return { text, tone: "bad" };
}
export function doubtful(text: string): Word {
  return { text, tone: "doubtful" };
}
export function tell(text: string, isGood: boolean): Word {
  return isGood ? good(text) : bad(text);
}

/** Breaks a line between words; a word that is longer than a line is broken at its blanks, or else left whole. */
export function layOut({ indent, words, hanging }: Line, { width, colours }: ScreenOptions): string {
  const lines: string[] = [];
  let line = " ".repeat(indent);
  let used = indent;
  let isEmpty = true;
  for (const word of words.flatMap((one) => pieces(one, width - hanging))) {
    const needed = word.text.length + (isEmpty ? 0 : 1);
    if (!isEmpty && used + needed > width) {
      lines.push(line);
      line = " ".repeat(hanging);
      used = hanging;
      isEmpty = true;
    }
    line += `${isEmpty ? "" : " "}${colours ? paint(word) : word.text}`;
    used += word.text.length + (isEmpty ? 0 : 1);
    isEmpty = false;
  }
  return [...lines, line].map((text) => `${text.trimEnd()}\n`).join("");
}

function pieces(word: Word, room: number): Word[] {
  if (word.text.length <= room) return [word];
  return word.text.split(" ").map((text) => ({ text, tone: word.tone }));
}

function paint({ text, tone }: Word): string {
  const code = ESCAPES[tone];
  return code === "" ? text : `${code}${text}${RESET}`;
}
