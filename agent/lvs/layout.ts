/** Where the files of an LVS listener are (docs/contract/rest-api.md, 2.9). */
import { parseObjectId } from "../object-id.ts";
import type { LvsListenerId } from "./types.ts";

const PREFIX = "octavia-keepalivedlvs-";
const SUFFIX = ".conf";

export interface LvsLayout {
  readonly directory: string;
  readonly config: string;
  readonly pidFile: string;
  /** Of keepalived's VRRP process, which never runs here: the configuration has nothing for it. */
  readonly vrrpPidFile: string;
  /** Of keepalived's health checker. */
  readonly checkPidFile: string;
  /** What keepalived prints when the agent itself runs it. */
  readonly output: string;
  /** Which configuration the process works with that runs. */
  readonly inForce: string;
  /** Whether the agent itself has to run it. */
  readonly record: string;
}

export function lvsDirectory(basePath: string): string {
  return `${basePath}/lvs`;
}

export function lvsLayout(basePath: string, id: LvsListenerId): LvsLayout {
  const directory = lvsDirectory(basePath);
  const stem = `${directory}/${PREFIX}${id}`;
  return {
    directory,
    config: `${stem}${SUFFIX}`,
    pidFile: `${stem}.pid`,
    vrrpPidFile: `${stem}.vrrp.pid`,
    checkPidFile: `${stem}.check.pid`,
    inForce: `${stem}.running`,
    output: `${stem}.out`,
    record: `${stem}.json`,
  };
}

/** @returns whose configuration a file in the LVS directory is; undefined for any other file */
export function parseConfigName(name: string): LvsListenerId | undefined {
  if (!name.startsWith(PREFIX) || !name.endsWith(SUFFIX)) return undefined;
  return parseObjectId(name.slice(PREFIX.length, -SUFFIX.length));
}
