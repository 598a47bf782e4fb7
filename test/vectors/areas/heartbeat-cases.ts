/** Runs the cases of one golden file, with integers exact at every size. */
import { readFile } from "node:fs/promises";
import { parseExact } from "../../../agent/heartbeat/exact-json.ts";
import type { Outcome } from "./index.ts";

export interface Case<Input, Expected> {
  readonly name: string;
  readonly input: Input;
  readonly expected: Expected;
}

/** @param check - gives undefined for a case that is as expected, else the reason */
export async function runCases<Input, Expected>(
  file: string,
  check: (item: Case<Input, Expected>) => Promise<string | undefined>,
): Promise<Outcome> {
  const cases = parseExact(await readFile(file, "utf8")) as Case<Input, Expected>[];
  const failed: { name: string; reason: string }[] = [];
  for (const item of cases) {
    const reason = await check(item).catch((error: unknown) => `it threw ${String(error)}`);
    if (reason !== undefined) failed.push({ name: item.name, reason });
  }
  return { passed: cases.length - failed.length, failed };
}
