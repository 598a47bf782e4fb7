/**
 * A directory's names, read again only after something in it has changed: for what is asked every few
 * seconds for years and changes a few times a day.
 */
import { type FSWatcher, watch } from "node:fs";
import { asError } from "../errors.ts";
import { type Names, namesIn } from "./files.ts";
import type { Logger } from "./logger.ts";

export interface WatchedDirectory {
  /** Names inside the directory as they are now. @throws the system error of the reading */
  names(): Names | Promise<Names>;
  close(): void;
}

/**
 * Where the directory cannot be watched (it does not exist yet, the kernel has no more watches to give), it is
 * read each time.
 * @param ignore - names whose coming and going does not matter: they are not kept up to date
 */
export function watchDirectory(
  path: string,
  ignore: (name: string) => boolean,
  logger: Logger,
): WatchedDirectory {
  let watcher: FSWatcher | undefined;
  let known: Names | Promise<Names> | undefined;

  const forget = (): void => {
    known = undefined;
  };
  const stop = (): void => {
    watcher?.close();
    watcher = undefined;
    forget();
  };
  const start = (): void => {
    try {
      watcher = watch(path, { persistent: false }, (event, name) => {
        // The directory itself was moved or deleted: whatever has its name next is another one.
        if (event === "rename" && (name === null || path.endsWith(`/${name}`))) stop();
        else if (name === null || !ignore(name)) forget();
      }).on("error", (error) => {
        logger.warn({ event: "directory.watch.failed", path, err: error }, "reading a directory each time");
        stop();
      });
    } catch (error) {
      logger.debug(
        { event: "directory.watch.failed", path, err: asError(error) },
        "reading a directory each time",
      );
    }
  };

  return {
    names() {
      if (known) return known;
      if (!watcher) start();
      // Set before the reading ends: a change in between then counts.
      const reading = namesIn(path);
      if (watcher) known = reading;
      reading.then((names) => {
        if (known === reading) known = names;
      }, forget);
      return reading;
    },
    close: stop,
  };
}
