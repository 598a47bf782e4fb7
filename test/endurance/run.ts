/**
 * Runs the endurance tests, each on a throwaway host of its own, one after the other.
 *
 *     node test/endurance/run.ts [WORD...] [--full] [--seed N] [--story N]
 *
 * The short form is for CI; `--full` is the whole of it. The seed of a run is printed: with it the same requests
 * are made again, with `--story` only that one.
 */
import { randomInt } from "node:crypto";
import process from "node:process";
import { parseArgs } from "node:util";
import { runOnThrowawayHosts } from "../integration/run-on-hosts.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { full: { type: "boolean" }, seed: { type: "string" }, story: { type: "string" } },
});
const seed = values.seed ?? String(randomInt(2 ** 31));
process.env.ENDURANCE_SEED = seed;
if (values.full) process.env.ENDURANCE_FULL = "yes";
if (values.story !== undefined) process.env.ENDURANCE_STORY = values.story;
console.log(`endurance tests, ${values.full ? "full" : "short"} form, --seed ${seed}`);
process.exitCode = await runOnThrowawayHosts(new URL("./", import.meta.url).pathname, {
  words: positionals,
  atOnce: 1,
  fileTimeoutMs: values.full ? 3_600_000 : 300_000,
});
