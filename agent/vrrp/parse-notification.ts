/** What keepalived writes to its pipe (keepalived.conf(5), `vrrp_notify_fifo`). */
import type { VrrpRole } from "./types.ts";

export interface Notification {
  readonly instance: string;
  /** Undefined for an instance that is no more. */
  readonly role: VrrpRole | undefined;
}

const ROLES: ReadonlySet<string> = new Set<VrrpRole>(["MASTER", "BACKUP", "FAULT"]);
const ENDS: ReadonlySet<string> = new Set(["STOP", "DELETED"]);

/** @returns undefined for what is no change of an instance: groups, priorities, words of other versions */
export function parseNotification(line: string): Notification | undefined {
  const [, instance, word = ""] = /^INSTANCE "(.*)" (\S+)(?: \d+)?$/.exec(line) ?? [];
  if (instance === undefined) return undefined;
  if (isRole(word)) return { instance, role: word };
  return ENDS.has(word) ? { instance, role: undefined } : undefined;
}

export function isRole(word: unknown): word is VrrpRole {
  return typeof word === "string" && ROLES.has(word);
}
