/** The reader of figures, loaded with the first question for them: few amphorae are scraped. */
import type { FigureSources } from "./read-figures.ts";

type Reader = (waitedMs?: number) => Promise<string>;

/** @returns as of `createFigureReader` */
export function laterFigures(sources: FigureSources): Reader {
  let reader: Promise<Reader> | undefined;
  return async (waitedMs) => {
    reader ??= import("./read-figures.ts").then(({ createFigureReader }) => createFigureReader(sources));
    return (await reader)(waitedMs);
  };
}
