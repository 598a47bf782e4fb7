/** Text form of a load balancer's history. */
import type { HistoryEntry } from "./types.ts";

/** The oldest ones beyond it are forgotten. */
export const LONGEST_HISTORY = 20;

export function encodeHistory(entries: readonly HistoryEntry[]): string {
  return `${JSON.stringify(entries.slice(-LONGEST_HISTORY), undefined, 1)}\n`;
}

/** @returns the entries, oldest first; none for a text that a power cut has cut off */
export function parseHistory(text: string): HistoryEntry[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isEntry) : [];
  } catch {
    return [];
  }
}

function isEntry(value: unknown): value is HistoryEntry {
  if (typeof value !== "object" || value === null) return false;
  const { at, how, changes, durationMs } = value as Record<string, unknown>;
  return (
    typeof at === "string" &&
    typeof how === "string" &&
    Array.isArray(changes) &&
    typeof durationMs === "number"
  );
}
