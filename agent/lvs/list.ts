/** Which LVS listeners this amphora has. */
import { filesIn } from "../system/files.ts";
import { lvsDirectory, parseConfigName } from "./layout.ts";
import type { LvsListenerId } from "./types.ts";

/** Ids of the LVS listeners that have a configuration, sorted. */
export async function listLvsListeners(basePath: string): Promise<LvsListenerId[]> {
  const names = await filesIn(lvsDirectory(basePath));
  return names.map(parseConfigName).filter((id) => id !== undefined);
}
