/** Text form of {@link RunningRecord}. */
import type { Files, RunningRecord, Worker } from "./types.ts";

export function encodeRecord(record: RunningRecord): string {
  return JSON.stringify(record);
}

/** @returns undefined for a text that is cut off or from another agent: then nothing is known */
export function parseRecord(text: string): RunningRecord | undefined {
  const value = parseJson(text);
  if (!isObject(value) || typeof value.text !== "string") return undefined;
  const worker = parseWorker(value.worker);
  const files = parseFiles(value.files);
  return worker && files && { worker, text: value.text, files };
}

function parseFiles(value: unknown): Files | undefined {
  if (!isObject(value)) return undefined;
  const { digests, lists, certificates } = value;
  if (!isObject(digests) || !isObject(lists) || !isTexts(certificates)) return undefined;
  if (!isTexts(Object.values(digests)) || !Object.values(lists).every(isTexts)) return undefined;
  return { digests, lists, certificates } as Files;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
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
