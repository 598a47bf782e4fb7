/** Reads the heartbeats that a health manager would get (docs/contract/heartbeat.md, sections 3 and 8). */

export interface Heartbeat {
  readonly amphoraId: string;
  readonly sequence: number;
  readonly listeners: ReadonlyMap<string, { readonly status: string; readonly newConnections: number }>;
  readonly pools: ReadonlyMap<
    string,
    { readonly status: string; readonly members: ReadonlyMap<string, string> }
  >;
}

/** @throws Error naming the field that a controller could not use */
export function parseHeartbeat(message: unknown): Heartbeat {
  const fields = record(message, "message");
  if (fields.ver !== 3) throw new Error(`heartbeat of version ${String(fields.ver)}`);
  return {
    amphoraId: text(fields.id, "id"),
    sequence: integer(fields.seq, "seq"),
    listeners: mapped(fields.listeners, "listeners", (value, name) => {
      const listener = record(value, name);
      const stats = record(listener.stats, `${name}.stats`);
      return {
        status: text(listener.status, `${name}.status`),
        newConnections: integer(stats.totconns, `${name}.stats.totconns`),
      };
    }),
    pools: mapped(fields.pools, "pools", (value, name) => {
      const pool = record(value, name);
      return {
        status: text(pool.status, `${name}.status`),
        members: mapped(pool.members, `${name}.members`, text),
      };
    }),
  };
}

function mapped<T>(
  value: unknown,
  name: string,
  read: (entry: unknown, name: string) => T,
): ReadonlyMap<string, T> {
  const entries = Object.entries(record(value, name));
  return new Map(entries.map(([key, entry]) => [key, read(entry, `${name}.${key}`)]));
}

function record(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`heartbeat's ${name} is not an object`);
  return Object.fromEntries(Object.entries(value));
}

function text(value: unknown, name: string): string {
  if (typeof value !== "string") throw new Error(`heartbeat's ${name} is not a text`);
  return value;
}

function integer(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value))
    throw new Error(`heartbeat's ${name} is not an integer`);
  return value;
}
