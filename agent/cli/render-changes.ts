/** A load balancer's changes on a terminal. */
import type { Outlook } from "../loadbalancer/runtime/read-comparison.ts";
import type { HistoryEntry } from "../loadbalancer/runtime/types.ts";

export function renderOutlook({ changes, reload, reason }: Outlook): string {
  if (reload === "nothing" && changes.length === 0) return "HAProxy works with what was uploaded.";
  const how =
    reload === "reload" ? `a reload of HAProxy (${reason ?? ""})` : "changes while it runs, no reload";
  return [...changes, `A reload would be: ${reload === "nothing" ? "nothing to do" : how}`].join("\n");
}

/** The newest last, as in a log. */
export function renderHistory(entries: readonly HistoryEntry[]): string {
  return entries.length === 0 ? "No changes yet." : entries.map(renderEntry).join("\n");
}

function renderEntry({ at, how, changes, durationMs, reason }: HistoryEntry): string {
  const time = at.replace("T", " ").replace(/\.\d+Z$/, "Z");
  const [first = "", ...others] = reason?.split("\n") ?? [];
  const why = reason === undefined ? "" : ` (${first}${others.length > 0 ? " ..." : ""})`;
  return [`${time}  ${how}, ${durationMs} ms${why}`, ...changes.map((change) => `    ${change}`)].join("\n");
}
