/** Which compilers V8 uses. */
import { setFlagsFromString } from "node:v8";

/**
 * For a daemon, from now on: what scripts/bundle.ts says of compilers. Set by the program itself, since the compiled
 * code that comes with Node, and with a single executable, is accepted only as long as they are as V8 has them.
 */
export function compileSparingly(): void {
  for (const option of ["--no-opt", "--no-maglev", "--no-baseline-batch-compilation"])
    setFlagsFromString(option);
}

/** For work on a large scale: the compiler and what it makes take memory from then on, a few megabytes. */
export function optimiseFromNowOn(): void {
  setFlagsFromString("--opt");
}
