/**
 * Runs the golden data of every area found below $AMPHORA_VECTORS (default: the repository's copy)
 * and prints passed/total for each.
 */
import { access, readdir } from "node:fs/promises";
import process from "node:process";
import { areas } from "./areas/index.ts";

const directory = process.env.AMPHORA_VECTORS ?? new URL("./", import.meta.url).pathname;
let failures = 0;
let executed = 0;

for (const { name, run } of areas) {
  const folder = `${directory}/${name}`;
  const present = await access(folder).then(
    () => true,
    () => false,
  );
  if (!present) {
    console.log(`${name}: no such folder in ${directory}`);
    continue;
  }
  const { passed, failed } = await run(folder);
  console.log(`${name}: ${passed}/${passed + failed.length}`);
  for (const { name: title, reason } of failed) console.log(`  FAILED ${title}: ${reason}`);
  failures += failed.length;
  executed += passed + failed.length;
}
const known = new Set(["areas", ...areas.map(({ name }) => name)]);
for (const entry of await readdir(directory, { withFileTypes: true })) {
  if (entry.isDirectory() && !known.has(entry.name))
    console.log(`${entry.name}: not run, the agent does not do this yet`);
}
console.log(`${executed - failures} passed, ${failures} failed`);
process.exitCode = failures > 0 || executed === 0 ? 1 : 0;
