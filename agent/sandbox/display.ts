/** Shows the board: redrawn in place on a terminal, one line per finished step anywhere else. */
import type { WriteStream } from "node:tty";
import { type Board, renderBoard, stepLine } from "./render-board.ts";

export interface Display {
  /** Tells that a step has ended. */
  stepEnded(index: number): void;
  /** Tells that there are notes now. */
  notesChanged(): void;
  /** Draws once more and leaves the picture standing. */
  close(): void;
}

const REDRAW_MS = 250;
const DEFAULT_WIDTH = 80;
const HOME_AND_CLEAR = "\x1b[H\x1b[2J";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** @param look - makes the board as it is now */
export function openDisplay(output: WriteStream, look: () => Board): Display {
  return output.isTTY ? openScreen(output, look) : openLog(output, look);
}

function openScreen(output: WriteStream, look: () => Board): Display {
  // The window may change, and the signal that tells of it does not reach this process: ask each time.
  const draw = (): void => {
    const [width = DEFAULT_WIDTH] = output.getWindowSize();
    const lines = renderBoard(look(), width).map((line) => `${line}${CLEAR_LINE}\n`);
    output.write(`${HOME}${lines.join("")}${CLEAR_BELOW}`);
  };
  output.write(HOME_AND_CLEAR);
  draw();
  const redrawing = setInterval(draw, REDRAW_MS);
  return {
    stepEnded: draw,
    notesChanged: draw,
    close: () => {
      clearInterval(redrawing);
      draw();
    },
  };
}

function openLog(output: WriteStream, look: () => Board): Display {
  let noted: readonly string[] = [];
  const note = (): void => {
    const { notes } = look();
    if (notes !== noted) for (const line of notes) output.write(`${line}\n`);
    noted = notes;
  };
  return {
    stepEnded: (index) => {
      const step = look().steps[index];
      if (step) output.write(`${stepLine(step)}\n`);
    },
    notesChanged: note,
    close: note,
  };
}
