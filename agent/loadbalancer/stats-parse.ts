/**
 * HAProxy's statistics as listener and pool samples (docs/contract/heartbeat.md, section 4).
 *
 * 500 listeners with 10 members are 5,500 rows and 2.5 MB whenever a server has changed, and 500 rows for every
 * heartbeat under traffic. So a regular expression takes each row apart, and only one that has a quote in it goes by
 * the rules of quoting.
 */
import { isAscii } from "node:buffer";
import { AgentError } from "../errors.ts";
import { type Columns, type Row, StatsRows } from "./stats-rows.ts";
import type { ListenerSample, PoolSample } from "./types.ts";

/**
 * Asks for what {@link parseListeners} reads.
 * @see HAProxy management guide, "show stat": 1 is for frontends
 */
export const LISTENERS_COMMAND = "show stat -1 1 -1";

/** Asks for what {@link parsePools} reads: backends (2) and servers (4). */
export const POOLS_COMMAND = "show stat -1 6 -1";

const LISTENER_COLUMNS = ["pxname", "svname", "status", "scur", "stot", "bin", "bout", "ereq"] as const;
const POOL_COLUMNS = ["pxname", "svname", "status", "weight"] as const;

type ListenerColumns = Columns<(typeof LISTENER_COLUMNS)[number]>;

/** Rows of one proxy until all are read. */
interface PoolRows {
  readonly key: string;
  readonly internal: boolean;
  status: string | undefined;
  /** Of its members, and each one's status at the same place. */
  readonly ids: string[];
  readonly statuses: string[];
}

export interface PoolOptions {
  /** What a backend may be named in place of `<pool id>:<listener id>`. */
  readonly isPoolName?: (name: string) => boolean;
  /** The same HAProxy's last pools: members that are still true of them are not made anew. */
  readonly last?: readonly PoolSample[] | undefined;
  /** Servers that are left out, as `<backend>/<server>`. */
  readonly without?: ReadonlySet<string> | undefined;
}

/**
 * What a backend of a process may be named. The processes of API 0.5 each have the id of their only listener, and
 * name a pool by its id alone (docs/contract/rest-api.md, section 6).
 * @param id - of the process
 * @param listeners - that it has
 */
export function poolNamesOf(id: string, listeners: readonly ListenerSample[]): (name: string) => boolean {
  return (name) => isPoolAndListener(name) || (listeners.length === 1 && listeners[0]?.id === id);
}

function read<Result>(answer: Buffer | undefined, reader: (rows: StatsRows) => Result): Result {
  if (!answer || !isAscii(answer)) throw unusable("they are not ASCII");
  const rows = new StatsRows(answer);
  const result = reader(rows);
  if (!rows.ended) throw unusable("text follows them");
  return result;
}

/** Answers that listeners were read from, short ones. */
const sources = new WeakMap<readonly ListenerSample[], Buffer>();
const LONGEST_SOURCE = 64 * 1024;

/**
 * While nobody connects, HAProxy says the same of its frontends each time, byte for byte.
 * @param answer - complete answer to {@link LISTENERS_COMMAND}, with the empty line that ends it
 * @param last - what the same HAProxy's last answer said; it is what this one says when that is the same
 * @returns listeners in HAProxy's order, without the internal Prometheus proxies; `defect` when the contract forbids
 * a heartbeat made from them
 * @throws AgentError `unavailable` when the answer is cut off, not ASCII, or not the CSV that HAProxy writes
 */
export function parseListeners(
  answer: Buffer | undefined,
  last: readonly ListenerSample[] = [],
): { listeners: readonly ListenerSample[]; defect?: string | undefined } {
  if (answer && sources.get(last)?.equals(answer)) return { listeners: last };
  const result = read(answer, readListeners);
  const isKept = result.defect === undefined && answer && answer.length <= LONGEST_SOURCE;
  // A copy: the next answer comes into the same memory.
  if (isKept) sources.set(result.listeners, Buffer.from(answer));
  return result;
}

/**
 * @param answer - complete answer to {@link POOLS_COMMAND}, with the empty line that ends it
 * @returns pools in HAProxy's order, without the internal Prometheus proxies; `defect` when the contract forbids a
 * heartbeat made from them
 * @throws AgentError `unavailable` as {@link parseListeners}, and for a backend that is not named
 * `<pool id>:<listener id>`
 */
export function parsePools(
  answer: Buffer | undefined,
  options: PoolOptions = {},
): { pools: readonly PoolSample[]; defect?: string | undefined } {
  return read(answer, (rows) => readPools(rows, options));
}

function readListeners(rows: StatsRows): { listeners: ListenerSample[]; defect?: string | undefined } {
  const listeners: ListenerSample[] = [];
  const columns = rows.open(LISTENER_COLUMNS);
  if (!columns) return { listeners };
  requireColumns(columns, ["pxname", "svname", "status"]);
  let defect: string | undefined;
  for (let row = rows.next(); row; row = rows.next()) {
    const id = need(row, columns.pxname);
    if (isInternal(id) || need(row, columns.svname) !== "FRONTEND") continue;
    const listener = readListener(row, columns, id);
    if (listener) listeners.push(listener);
    else defect ??= `a counter of listener ${id} is missing`;
  }
  return { listeners, defect };
}

function readListener(row: Row, columns: ListenerColumns, id: string): ListenerSample | undefined {
  const currentConnections = parseCount(row[columns.scur]);
  const bin = parseCount(row[columns.bin]);
  const bout = parseCount(row[columns.bout]);
  const ereq = parseCount(row[columns.ereq]);
  const stot = parseCount(row[columns.stot]);
  if (currentConnections === undefined || bin === undefined || bout === undefined) return undefined;
  if (ereq === undefined || stot === undefined) return undefined;
  const status = need(row, columns.status);
  return { id, status, currentConnections, counters: { bin, bout, ereq, stot } };
}

/** A 64-bit counter, exact at every size. */
function parseCount(digits: string | undefined): number | bigint | undefined {
  if (digits === undefined || !/^\d+$/.test(digits)) return undefined;
  const count = Number(digits);
  return Number.isSafeInteger(count) ? count : BigInt(digits);
}

function readPools(
  rows: StatsRows,
  { isPoolName = isPoolAndListener, last = [], without }: PoolOptions,
): { pools: readonly PoolSample[]; defect?: string | undefined } {
  const columns = rows.open(POOL_COLUMNS);
  if (!columns) return { pools: [] };
  requireColumns(columns, POOL_COLUMNS);
  const { pxname, svname, status: statusColumn, weight } = columns;
  const byKey = new Map<string, PoolRows>();
  let pool: PoolRows | undefined;
  for (let row = rows.next(); row; row = rows.next()) {
    // The rows of one proxy follow each other.
    const key = need(row, pxname);
    if (pool?.key !== key) pool = poolNamed(byKey, key);
    if (pool.internal) continue;
    const server = need(row, svname);
    const status = need(row, statusColumn);
    if (server === "BACKEND") {
      if (!isPoolName(key)) throw unusable(`${key} does not name a pool and a listener`);
      pool.status = status;
    } else if (!without?.has(`${key}/${server}`)) {
      pool.ids.push(server);
      // HAProxy shows a server without weight as up; the controller wants to hear that it drains.
      pool.statuses.push(status === "UP" && need(row, weight) === "0" ? "DRAIN" : status);
    }
  }
  return closePools(byKey.values(), last);
}

function poolNamed(byKey: Map<string, PoolRows>, key: string): PoolRows {
  const known = byKey.get(key);
  if (known) return known;
  const pool: PoolRows = { key, internal: isInternal(key), status: undefined, ids: [], statuses: [] };
  byKey.set(key, pool);
  return pool;
}

function isPoolAndListener(name: string): boolean {
  const colon = name.indexOf(":");
  return colon !== -1 && name.indexOf(":", colon + 1) === -1;
}

function closePools(
  all: Iterable<PoolRows>,
  last: readonly PoolSample[],
): { pools: PoolSample[]; defect?: string | undefined } {
  const pools: PoolSample[] = [];
  let defect: string | undefined;
  for (const rows of all) {
    const { key, internal, status } = rows;
    if (internal) continue;
    if (status === undefined) defect ??= `pool ${key} has members but no row of its own`;
    else pools.push({ key, status, members: membersOf(rows, last[pools.length]) });
  }
  return { pools, defect };
}

/**
 * An object with other property names each time is dear. Members come and go a few times a day, and their
 * statuses hardly change more often.
 */
function membersOf({ key, ids, statuses }: PoolRows, last: PoolSample | undefined): PoolSample["members"] {
  if (last?.key === key) {
    const { members } = last;
    const isEqual = (values: readonly string[], others: readonly string[]) =>
      values.length === others.length && values.every((value, index) => value === others[index]);
    if (isEqual(ids, Object.keys(members)) && isEqual(statuses, Object.values(members))) return members;
  }
  return Object.fromEntries(ids.map((id, index) => [id, statuses[index] ?? ""]));
}

/** The proxies of the metrics exporter are no listener and no pool of the controller's. */
function isInternal(proxy: string): boolean {
  return proxy.includes("prometheus");
}

function requireColumns<Name extends string>(columns: Columns<Name>, names: readonly Name[]): void {
  const missing = names.find((name) => columns[name] === -1);
  if (missing !== undefined) throw unusable(`there is no column ${missing}`);
}

function need(row: Row, index: number): string {
  const value = row[index];
  if (value === undefined) throw unusable("a row is too short");
  return value;
}

function unusable(reason: string): AgentError {
  return new AgentError("unavailable", `cannot use HAProxy's statistics: ${reason}`);
}
