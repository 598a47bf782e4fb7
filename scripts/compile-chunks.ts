/**
 * compile-chunks.ts DIRECTORY CHUNK...: writes the compiled code of chunks beside them, as it is after they were
 * loaded. To be run by the Node, and with the options, that will use it: others reject it, and work more slowly.
 * Without chunks: fails when this Node rejects any of what was written.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";

type Wrapper = (load: (name: string) => unknown, module: object, exports: unknown, url: string) => void;

const [, , directory = "", ...chunks] = process.argv;
const builtin = createRequire(import.meta.url);
const loaded = new Map<string, { script: Script; exports: unknown }>();

function load(name: string): unknown {
  if (!name.startsWith("./")) return builtin(name);
  const known = loaded.get(name);
  if (known) return known.exports;
  const file = `program/${name.slice(2)}`;
  const script = new Script(readFileSync(join(directory, file), "utf8"), { filename: file });
  const module = { script, exports: {} };
  loaded.set(name, module);
  (script.runInThisContext() as Wrapper)(load, module, module.exports, import.meta.url);
  return module.exports;
}

// The code depends on the seed of string hashes, which is a random one unless given, and records all options: with
// this one the same sources give the same code, and it shall be used by programs that have random seeds.
setFlagsFromString("--hash-seed=0");
if (chunks.length === 0) refuseRejected();
for (const chunk of chunks) load(`./${chunk}`);
for (const [name, { script }] of loaded)
  writeFileSync(join(directory, "program", `${name}.cache`), script.createCachedData());

function refuseRejected(): void {
  const program = join(directory, "program");
  for (const name of readdirSync(program).filter((file) => file.endsWith(".cache"))) {
    const filename = `program/${name.slice(0, -".cache".length)}`;
    const source = readFileSync(join(directory, filename), "utf8");
    const script = new Script(source, { filename, cachedData: readFileSync(join(program, name)) });
    if (script.cachedDataRejected) throw new Error(`${name} is rejected`);
  }
}
