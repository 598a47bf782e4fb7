/** Text form of {@link LeavingRecord}. */
import { isObject, parseJson, parseWorker } from "./parse-record.ts";
import type { LeavingRecord, LeavingServer } from "./types.ts";

export function encodeLeaving(record: LeavingRecord): string {
  return JSON.stringify(record);
}

/** @returns undefined for a text that is cut off or from another agent: then nothing is known */
export function parseLeaving(text: string): LeavingRecord | undefined {
  const value = parseJson(text);
  if (!isObject(value) || !Array.isArray(value.servers)) return undefined;
  const worker = parseWorker(value.worker);
  const servers = value.servers.filter(isLeavingServer);
  return worker && { worker, servers };
}

function isLeavingServer(value: unknown): value is LeavingServer {
  return (
    isObject(value) &&
    typeof value.backend === "string" &&
    typeof value.name === "string" &&
    typeof value.since === "number"
  );
}
