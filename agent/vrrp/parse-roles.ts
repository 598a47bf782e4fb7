/** The roles as they are kept from one agent to the next. */
import { isRole } from "./parse-notification.ts";
import type { VrrpInstance } from "./types.ts";

export interface Roles {
  /** Which start of keepalived they are of. */
  readonly keepalived: string;
  readonly instances: readonly VrrpInstance[];
}

export function encodeRoles({ keepalived, instances }: Roles): string {
  return `${JSON.stringify({ keepalived, instances })}\n`;
}

/** @returns undefined when the text is not what `encodeRoles` writes, as after a power cut */
export function parseRoles(text: string): Roles | undefined {
  const value = parseJson(text);
  if (typeof value !== "object" || value === null) return undefined;
  const { keepalived, instances } = value as Partial<Record<keyof Roles, unknown>>;
  if (typeof keepalived !== "string" || !Array.isArray(instances)) return undefined;
  return instances.every(isInstance) ? { keepalived, instances } : undefined;
}

function isInstance(value: unknown): value is VrrpInstance {
  if (typeof value !== "object" || value === null) return false;
  const { name, role, since } = value as Partial<Record<keyof VrrpInstance, unknown>>;
  return typeof name === "string" && isRole(role) && typeof since === "string";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller goes on without it: the next change of a role is told again.
    return undefined;
  }
}
