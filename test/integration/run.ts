/** Runs the integration tests, two files at a time: `node test/integration/run.ts [WORD...]`. */
import process from "node:process";
import { runOnThrowawayHosts } from "./run-on-hosts.ts";

process.exitCode = await runOnThrowawayHosts(new URL("./", import.meta.url).pathname, {
  words: process.argv.slice(2),
  atOnce: 2,
  fileTimeoutMs: 420_000,
});
