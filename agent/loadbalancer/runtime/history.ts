/** The last changes of a load balancer, for operators. */
import { readIfPresent, replaceFileUnsynced } from "../../system/files.ts";
import type { Layout } from "../layout.ts";
import { encodeHistory, parseHistory } from "./parse-history.ts";
import type { HistoryEntry } from "./types.ts";

/** It names members and settings. */
const MODE = 0o600;

/** @returns the last 20 changes, oldest first */
export async function readHistory({ history }: Pick<Layout, "history">): Promise<HistoryEntry[]> {
  return parseHistory((await readIfPresent(history))?.toString("utf8") ?? "[]");
}

export async function addToHistory(layout: Layout, entry: HistoryEntry): Promise<void> {
  await replaceFileUnsynced(layout.history, encodeHistory([...(await readHistory(layout)), entry]), MODE);
}
