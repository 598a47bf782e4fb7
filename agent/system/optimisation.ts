/** Has V8 compile for speed what runs often, which the program's own options forbid (scripts/build.ts). */
import { setFlagsFromString } from "node:v8";

/** For work on a large scale: the compiler and what it makes take memory from then on, a few megabytes. */
export function optimiseFromNowOn(): void {
  setFlagsFromString("--opt");
}
