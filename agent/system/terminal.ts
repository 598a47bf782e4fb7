/** A terminal that a program has for itself: it draws what has changed, hears keys, and gives it back as it was. */
import process from "node:process";

export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  /** Sends the lines that differ from those that are there. */
  draw(lines: readonly string[]): void;
  /** The terminal as it was before. */
  leave(): void;
}

export interface TerminalListener {
  /** One or more keys, as the terminal sent them. */
  readonly onKeys: (text: string) => void;
  readonly onResize: () => void;
}

const ALTERNATE_SCREEN = "\x1b[?1049h";
const MAIN_SCREEN = "\x1b[?1049l";
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR = "\x1b[2J";
const CLEAR_TO_END_OF_LINE = "\x1b[K";

/** Whether there is a terminal at both ends. */
export function hasTerminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}

/** Takes the terminal; there has to be one. */
export function enterTerminal({ onKeys, onResize }: TerminalListener): Terminal {
  const { stdin, stdout } = process;
  let drawn: readonly string[] = [];
  const hear = (keys: Buffer): void => onKeys(keys.toString("utf8"));
  const resized = (): void => {
    drawn = [];
    stdout.write(CLEAR);
    onResize();
  };
  stdin.setRawMode(true);
  stdin.resume().on("data", hear);
  stdout.on("resize", resized);
  stdout.write(ALTERNATE_SCREEN + HIDE_CURSOR + CLEAR);
  return {
    get columns() {
      return stdout.columns || 80;
    },
    get rows() {
      return stdout.rows || 24;
    },
    draw(lines) {
      const changes = lines.flatMap((line, index) =>
        line === drawn[index] ? [] : `\x1b[${index + 1};1H${line}${CLEAR_TO_END_OF_LINE}`,
      );
      drawn = [...lines];
      if (changes.length > 0) stdout.write(changes.join(""));
    },
    leave() {
      stdin.off("data", hear).pause();
      stdout.off("resize", resized);
      stdin.setRawMode(false);
      stdout.write(SHOW_CURSOR + MAIN_SCREEN);
    },
  };
}
