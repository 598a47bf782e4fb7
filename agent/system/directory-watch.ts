/** Tells of changes in directories, one level deep (inotify(7)). */
import { type FSWatcher, watch } from "node:fs";
import { asError, systemErrorCode } from "../errors.ts";
import type { Logger } from "./logger.ts";

export class DirectoryWatch {
  readonly #onChange: (path: string) => void;
  readonly #logger: Logger;
  readonly #watchers = new Map<string, FSWatcher>();

  /** @param onChange - called with the path of what came, went or changed */
  constructor(onChange: (path: string) => void, logger: Logger) {
    this.#onChange = onChange;
    this.#logger = logger;
  }

  /** Watches these from now on, and no others; one that is not there is tried again by the next call. */
  set(directories: readonly string[]): void {
    for (const [path, watcher] of this.#watchers) {
      if (!directories.includes(path)) this.#forget(path, watcher);
    }
    for (const path of directories) {
      if (!this.#watchers.has(path)) this.#watch(path);
    }
  }

  close(): void {
    this.set([]);
  }

  #watch(path: string): void {
    try {
      const watcher = watch(path, { persistent: false }, (event, name) => {
        this.#onChange(name === null ? path : `${path}/${name}`);
        // The directory itself was moved or deleted: whatever has its name next is another one.
        if (event === "rename" && path.endsWith(`/${name}`)) this.#forget(path, watcher);
      }).on("error", (err) => this.#failed(path, err));
      this.#watchers.set(path, watcher);
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") this.#failed(path, asError(error));
    }
  }

  #failed(path: string, err: Error): void {
    this.#logger.warn({ event: "directory.watch.failed", path, err }, "changes of a directory are seen late");
    const watcher = this.#watchers.get(path);
    if (watcher) this.#forget(path, watcher);
  }

  #forget(path: string, watcher: FSWatcher): void {
    watcher.close();
    if (this.#watchers.get(path) === watcher) this.#watchers.delete(path);
  }
}
