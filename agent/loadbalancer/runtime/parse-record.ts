/** Text form of {@link RunningRecord}. */
import type { RunningRecord, Worker } from "./types.ts";

export function encodeRecord(record: RunningRecord): string {
  return JSON.stringify(record);
}

/** @returns undefined for a text that is cut off or from another agent: then nothing is known */
export function parseRecord(text: string): RunningRecord | undefined {
  const value = parseJson(text);
  if (!isObject(value) || typeof value.text !== "string") return undefined;
  const worker = parseWorker(value.worker);
  const files = value.files;
  if (!worker || !isObject(files)) return undefined;
  const digests = Object.entries(files).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return { worker, text: value.text, files: Object.fromEntries(digests) };
}

export function parseWorker(value: unknown): Worker | undefined {
  if (!isObject(value)) return undefined;
  const { pid, startedAt, bootId } = value;
  return typeof pid === "number" && typeof startedAt === "string" && typeof bootId === "string"
    ? { pid, startedAt, bootId }
    : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Cut off by a power cut, as good as none.
    return undefined;
  }
}
