/** How much of what the kernel bounds is used, by its files. */
import { AgentError } from "../errors.ts";
import type { Usage } from "./figures.ts";

/**
 * @param table - `/proc/net/stat/nf_conntrack`: a line per processor, each of which begins with the sum of all, in
 * hexadecimal
 * @returns undefined when there is no line
 */
export function parseTrackedConnections(table: string): number | undefined {
  const [, first = ""] = table.split("\n");
  const [, entries] = /^([0-9a-f]+)\s/.exec(first) ?? [];
  return entries === undefined ? undefined : Number.parseInt(entries, 16);
}

/**
 * @param text - `/proc/sys/fs/file-nr`: open, open and unused, most
 * @throws AgentError `internal`
 */
export function parseFileCount(text: string): Usage {
  const [, used, limit] = /^(\d+)\s+\d+\s+(\d+)/.exec(text) ?? [];
  if (used === undefined || limit === undefined) {
    throw new AgentError("internal", "/proc/sys/fs/file-nr is not what it was");
  }
  return { used: Number(used), limit: Number(limit) };
}
