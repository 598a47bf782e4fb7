/** Servers that HAProxy still has for their clients' sake, remembered beyond the agent's own life. */
import { readIfPresent, replaceFileUnsynced } from "../../system/files.ts";
import { removeFile } from "../../system/removal.ts";
import type { Layout } from "../layout.ts";
import { encodeLeaving, parseLeaving } from "./parse-leaving.ts";
import type { LeavingRecord } from "./types.ts";

const MODE = 0o600;

/** @returns undefined where there are none */
export async function readLeaving({ leaving }: Pick<Layout, "leaving">): Promise<LeavingRecord | undefined> {
  const bytes = await readIfPresent(leaving);
  return bytes && parseLeaving(bytes.toString("utf8"));
}

/** Not synced, as the record of what HAProxy works with: both are about one process. */
export async function writeLeaving({ leaving }: Layout, record: LeavingRecord): Promise<void> {
  if (record.servers.length === 0) await removeFile(leaving);
  else await replaceFileUnsynced(leaving, encodeLeaving(record), MODE);
}
