/** Entry of the single executable: runs the program's chunks, which are inside it with their compiled code. */
import { createRequire } from "node:module";
import process from "node:process";
import { getAssetKeys, getRawAsset } from "node:sea";
import { pathToFileURL } from "node:url";
import { Script } from "node:vm";

type Wrapper = (load: (name: string) => unknown, module: object, exports: unknown, url: string) => void;

const programUrl = pathToFileURL(process.execPath).href;
const builtin = createRequire(process.execPath);
const compiled = new Set(getAssetKeys().filter((key) => key.endsWith(".cache")));
const loaded = new Map<string, { exports: unknown }>();

/** What a chunk says `require` to: another chunk, or a part of Node. */
function load(name: string): unknown {
  if (!name.startsWith("./")) return builtin(name);
  const known = loaded.get(name);
  if (known) return known.exports;
  const module = { exports: {} };
  loaded.set(name, module);
  const asset = `program/${name.slice(2)}`;
  const source = Buffer.from(getRawAsset(asset)).toString("utf8");
  const cache = `${asset}.cache`;
  const cachedData = compiled.has(cache) ? Buffer.from(getRawAsset(cache)) : undefined;
  const script = new Script(source, { filename: asset, ...(cachedData && { cachedData }) });
  const wrapper = script.runInThisContext() as Wrapper;
  wrapper(load, module, module.exports, programUrl);
  return module.exports;
}

load("./cli.js");
