/** Which compilers V8 uses. */
import { setFlagsFromString } from "node:v8";

/** Options of V8; scripts/bundle.ts has the reasons. */
export const SPARING_COMPILERS = ["--no-opt", "--no-maglev", "--no-baseline-batch-compilation"] as const;

/**
 * For a daemon, from now on. Set by the program itself, since the compiled
 * code that comes with Node, and with a single executable, is accepted only as long as they are as V8 has them.
 */
export function compileSparingly(): void {
  for (const option of SPARING_COMPILERS) setFlagsFromString(option);
}

/** For work on a large scale: the compiler and what it makes take memory from then on, a few megabytes. */
export function optimiseFromNowOn(): void {
  setFlagsFromString("--opt");
}
