/** The agent's edits of an uploaded configuration, line by line; every other byte stays as it was sent. */
import type { HaproxyVersion } from "../supervisor/types.ts";
import { isAtLeast } from "./parse-version.ts";

/** Words that begin a section (HAProxy configuration manual, chapters 3 to 12). */
export const SECTIONS: ReadonlySet<string> = new Set([
  "backend",
  "cache",
  "crt-store",
  "defaults",
  "fcgi-app",
  "frontend",
  "global",
  "http-errors",
  "listen",
  "log-forward",
  "log-profile",
  "mailers",
  "peers",
  "program",
  "resolvers",
  "ring",
  "traces",
  "userlist",
]);

/**
 * Makes an uploaded configuration fit this amphora (docs/contract/rest-api.md, 2.3, steps 3 and 4): the
 * group comes from the image's own file, and HAProxy before 1.6 knows no external checks.
 */
export function editConfig(text: string, version: HaproxyVersion): string {
  const keepsExternalChecks = isAtLeast(version, 1, 6);
  let section = "";
  const kept = text.split("\n").filter((line) => {
    const words = line.trim().split(/\s+/);
    const [first = "", second] = words;
    if (SECTIONS.has(first)) section = first;
    if (section === "global" && isGroup(words)) return false;
    const isExternalCheck = first === "external-check" || (first === "option" && second === "external-check");
    return keepsExternalChecks || !isExternalCheck;
  });
  return kept.join("\n");
}

/** Only the directive itself: the word may stand in any other line (docs/contract/rest-api.md, section 7, row 12). */
function isGroup([first, name, rest]: readonly string[]): boolean {
  return first === "group" && name !== undefined && (rest === undefined || rest.startsWith("#"));
}
