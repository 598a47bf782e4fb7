/** What a HAProxy works with, remembered beyond the agent's own life. */
import { readIfPresent, replaceFileUnsynced } from "../../system/files.ts";
import { removeFile } from "../../system/removal.ts";
import type { Layout } from "../layout.ts";
import { encodeRecord, parseRecord } from "./parse-record.ts";
import type { RunningRecord } from "./types.ts";

/** It holds the configuration, which only root reads. */
const MODE = 0o600;

/** @returns undefined when nothing is known */
export async function readRecord({ running }: Layout): Promise<RunningRecord | undefined> {
  const bytes = await readIfPresent(running);
  return bytes && parseRecord(bytes.toString("utf8"));
}

/** Not synced: after a power cut it is another HAProxy that runs, which the record is not about. */
export async function writeRecord({ running }: Layout, record: RunningRecord): Promise<void> {
  await replaceFileUnsynced(running, encodeRecord(record), MODE);
}

/** To be called before anything that changes what HAProxy works with: an agent that ends half-way knows nothing. */
export async function forgetRecord({ running }: Layout): Promise<void> {
  await removeFile(running);
}
