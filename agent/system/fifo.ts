/** A named pipe that another program writes lines to (fifo(7)). */
import { constants, open as openFile } from "node:fs";
import { stat } from "node:fs/promises";
import { Socket } from "node:net";
import { promisify } from "node:util";
import { removeFile } from "./removal.ts";
import { run } from "./run.ts";

const open = promisify(openFile);
/** A writer's line fits into one write (PIPE_BUF), so one without an end that is longer is no line. */
const LONGEST_LINE = 4_096;

export interface Fifo {
  /** Whether it is still the one that has the path's name. */
  isInPlace(): Promise<boolean>;
  close(): void;
}

/** Makes sure that a named pipe is there, for its owner alone; whatever else has the name is removed. */
export async function keepFifo(path: string): Promise<void> {
  const stats = await stat(path, { throwIfNoEntry: false });
  if (stats?.isFIFO()) return;
  if (stats) await removeFile(path);
  // Node has no call for it.
  await run("mkfifo", ["-m", "0600", path]);
}

/**
 * Reads a named pipe until it is closed. What was written while nobody read comes first. It is open for
 * writing too: a writer that ends is no end of it.
 * @param onLines - called with whole lines and the time of the latest write, one call at a time
 * @throws the system error, when there is no such pipe
 */
export async function readFifo(
  path: string,
  onLines: (lines: readonly string[], written: Date) => Promise<void>,
): Promise<Fifo> {
  const fd = await open(path, constants.O_RDWR | constants.O_NONBLOCK);
  const socket = new Socket({ fd, readable: true, writable: false });
  const { ino, dev } = await stat(path);
  let rest = "";
  let isClosed = false;
  let last = Promise.resolve();
  socket.unref();
  // The kernel's word for the time: lines may have waited while no agent ran.
  const take = async (lines: readonly string[]): Promise<void> => {
    const stats = await stat(path, { throwIfNoEntry: false });
    if (!isClosed) await onLines(lines, stats?.mtime ?? new Date());
  };
  // A pipe that cannot be read any more is closed by that, which `isInPlace` tells.
  socket.on("error", () => undefined);
  socket.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = (lines.pop() ?? "").slice(0, LONGEST_LINE);
    if (lines.length > 0) last = last.then(() => take(lines));
  });
  return {
    isInPlace: async () => {
      const stats = await stat(path, { throwIfNoEntry: false });
      return !socket.destroyed && stats?.ino === ino && stats.dev === dev;
    },
    close: () => {
      isClosed = true;
      socket.destroy();
    },
  };
}
