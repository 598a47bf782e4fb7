/** `stats_counters.json`: the last absolute counters of each listener (docs/contract/heartbeat.md, section 4). */
import { parseExact, stringifyExact } from "./exact-json.ts";
import type { Count, CounterTable } from "./types.ts";

/**
 * @param text - content of the file
 * @returns undefined when it is not a JSON object. What is no counter inside one is left out: it would count
 * as never seen anyway
 */
export function parseCounters(text: string): CounterTable | undefined {
  const content = parseObject(text);
  if (content === undefined) return undefined;
  const listeners = Object.entries(content).filter(([, value]) => isObject(value));
  return new Map(listeners.map(([id, value]) => [id, countsOf(value)]));
}

export function encodeCounters(counters: CounterTable): string {
  return stringifyExact(Object.fromEntries(counters));
}

function countsOf(value: unknown): Record<string, Count> {
  const counts: [string, Count][] = [];
  for (const [name, count] of Object.entries(isObject(value) ? value : {})) {
    if (typeof count === "bigint" || Number.isSafeInteger(count)) counts.push([name, count as Count]);
  }
  return Object.fromEntries(counts);
}

function parseObject(text: string): object | undefined {
  try {
    const content = parseExact(text);
    return isObject(content) ? content : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
