/** The agent's own piece of HAProxy configuration, read after the controller's, which stays as it was sent. */
import type { HaproxyVersion } from "../supervisor/types.ts";
import { isAtLeast } from "./parse-version.ts";
import type { WorkerLimits } from "./types.ts";

export interface AgentConfigView {
  /** Path of the socket over which only the agent talks to HAProxy. */
  readonly adminSocket: string;
  readonly limits: WorkerLimits;
  readonly version: HaproxyVersion;
}

/**
 * Text of the file. The socket is made before HAProxy gives root's rights up, so that it belongs to root.
 * @throws Error for a path with a control character, which no quoting makes safe
 * @see docs/contract/field-notes.md, "Kernel and tools": a second file may add a `stats socket` to the controller's
 */
export function renderAgentConfig({ adminSocket, limits, version }: AgentConfigView): string {
  const { haproxyCloseSpreadSeconds, haproxyOldWorkerSeconds, haproxyOldWorkers } = limits;
  const lines = [`stats socket ${quoted(adminSocket)} mode 600 level admin`];
  if (isAtLeast(version, 2, 6)) {
    const spread = haproxyCloseSpreadSeconds > 0 ? `${haproxyCloseSpreadSeconds}s` : "infinite";
    lines.push(`close-spread-time ${spread}`);
  }
  if (haproxyOldWorkerSeconds > 0 && isAtLeast(version, 1, 8)) {
    lines.push(`hard-stop-after ${haproxyOldWorkerSeconds}s`);
  }
  if (haproxyOldWorkers > 0 && isAtLeast(version, 2, 0))
    lines.push(`mworker-max-reloads ${haproxyOldWorkers}`);
  return `# Written by the amphora agent, which writes it anew.\nglobal\n${lines.map((line) => `    ${line}\n`).join("")}`;
}

/** One word (HAProxy configuration manual, 2.2 "Quoting and escaping"). */
function quoted(word: string): string {
  if (/\p{Cc}/u.test(word)) throw new Error("a control character cannot stand in HAProxy's configuration");
  return /^[A-Za-z0-9_.,:/=+@-]+$/.test(word) ? word : `"${word.replace(/["\\$]/g, "\\$&")}"`;
}
