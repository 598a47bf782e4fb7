/** The installed HAProxy's version, asked once per installed binary. */

import type { HaproxyVersion } from "../supervisor/types.ts";
import { fileStamp } from "../system/file-stamp.ts";
import type { Try } from "../system/run.ts";
import { parseHaproxyVersion } from "./parse-version.ts";

/**
 * @param haproxyCmd - path of the program
 * @returns a reader that runs the program again only when its file was replaced. It throws a plain
 * Error: a version that cannot be had is the framework's 500 (docs/contract/rest-api.md, R5)
 */
export function createVersionReader(haproxyCmd: string, tryRun: Try): () => Promise<HaproxyVersion> {
  let known: { readonly stamp: string; readonly version: HaproxyVersion } | undefined;
  return async () => {
    const stamp = await fileStamp(haproxyCmd);
    if (known?.stamp === stamp) return known.version;
    const version = parseHaproxyVersion(await ask(haproxyCmd, tryRun));
    if (!version) throw new Error(`${haproxyCmd} -v tells no version`);
    known = { stamp, version };
    return version;
  };
}

async function ask(haproxyCmd: string, tryRun: Try): Promise<string> {
  try {
    return (await tryRun(haproxyCmd, ["-v"])).output;
  } catch (cause) {
    throw new Error(`${haproxyCmd} cannot be run`, { cause });
  }
}
