/** What the agent remembers of a service that it runs itself, from one agent to the next. */
import type { Remembered } from "./plan-process.ts";

export interface SupervisionRecord extends Remembered {
  /** Name among the peers, of a HAProxy. */
  readonly peer?: string;
}

export function encodeRecord({ peer, wanted, bootId }: SupervisionRecord): string {
  return `${JSON.stringify({ peer, wanted, bootId })}\n`;
}

/** @returns undefined when the text is not what `encodeRecord` writes */
export function parseRecord(text: string): SupervisionRecord | undefined {
  const value = parseJson(text);
  if (typeof value !== "object" || value === null) return undefined;
  const { peer, wanted, bootId } = value as Partial<Record<keyof SupervisionRecord, unknown>>;
  if (typeof bootId !== "string" || (wanted !== "running" && wanted !== "stopped")) return undefined;
  if (peer === undefined) return { wanted, bootId };
  return typeof peer === "string" ? { peer, wanted, bootId } : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller reports a record that is not readable, with its file.
    return undefined;
  }
}
