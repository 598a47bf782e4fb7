/**
 * HAProxy's statistics as listener and pool samples (docs/contract/heartbeat.md, section 4).
 *
 * This is the agent's hottest code: 500 listeners with 10 members are 5,500 rows and 2.5 MB for every
 * heartbeat. So a regular expression takes each row apart, and only one that has a quote in it goes by the rules
 * of quoting.
 */
import { isAscii } from "node:buffer";
import { AgentError } from "../errors.ts";
import { type Columns, type Row, StatsRows } from "./stats-rows.ts";
import type { ListenerSample, LoadBalancerSample, PoolSample } from "./types.ts";

/**
 * Ask for what {@link parseStats} reads: frontends (1), then backends and servers (2 + 4).
 * @see HAProxy management guide, "show stat"
 */
export const STATS_COMMANDS = ["show stat -1 1 -1", "show stat -1 6 -1"];

const LISTENER_COLUMNS = ["pxname", "svname", "status", "scur", "stot", "bin", "bout", "ereq"] as const;
const POOL_COLUMNS = ["pxname", "svname", "status", "weight"] as const;

type ListenerColumns = Columns<(typeof LISTENER_COLUMNS)[number]>;
type PoolColumns = Columns<(typeof POOL_COLUMNS)[number]>;

/** Rows of one proxy until all are read. */
interface PoolRows {
  readonly key: string;
  readonly internal: boolean;
  status: string | undefined;
  readonly members: [id: string, status: string][];
}

/**
 * @param answers - complete answers to {@link STATS_COMMANDS}, each with the empty line that ends it
 * @returns listeners and pools in HAProxy's order, without the internal Prometheus proxies; `defect` when the
 * contract forbids a heartbeat made from it
 * @throws AgentError `unavailable` when the answer is cut off, not ASCII, not the CSV that HAProxy writes, or
 * has a backend that is not named `<pool id>:<listener id>`
 * @param isPoolName - what a backend beside these listeners may be named instead
 */
export function parseStats(
  answers: readonly Buffer[],
  isPoolName: (name: string, listeners: readonly ListenerSample[]) => boolean = isPoolAndListener,
): LoadBalancerSample {
  const frontends = read(answers[0], readListeners);
  const isPool = (name: string) => isPoolName(name, frontends.listeners);
  const backends = read(answers[1], (rows) => readPools(rows, isPool));
  const defect = frontends.defect ?? backends.defect;
  return {
    listeners: frontends.listeners,
    pools: backends.pools,
    ...(defect !== undefined && { defect }),
  };
}

/**
 * What a backend of a process may be named. The processes of API 0.5 each have the id of their only listener, and
 * name a pool by its id alone (docs/contract/rest-api.md, section 6).
 * @param id - of the process
 */
export function poolNamesOf(id: string): (name: string, listeners: readonly ListenerSample[]) => boolean {
  return (name, listeners) => isPoolAndListener(name) || (listeners.length === 1 && listeners[0]?.id === id);
}

function read<Result>(answer: Buffer | undefined, reader: (rows: StatsRows) => Result): Result {
  if (!answer || !isAscii(answer)) throw unusable("they are not ASCII");
  const rows = new StatsRows(answer);
  const result = reader(rows);
  if (!rows.ended) throw unusable("text follows them");
  return result;
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
  isPoolName: (name: string) => boolean,
): { pools: PoolSample[]; defect?: string | undefined } {
  const columns = rows.open(POOL_COLUMNS);
  if (!columns) return { pools: [] };
  requireColumns(columns, POOL_COLUMNS);
  const byKey = new Map<string, PoolRows>();
  let pool: PoolRows | undefined;
  for (let row = rows.next(); row; row = rows.next()) {
    // The rows of one proxy follow each other.
    const key = need(row, columns.pxname);
    if (pool?.key !== key) pool = poolNamed(byKey, key);
    if (!pool.internal) readPoolRow(row, columns, pool, isPoolName);
  }
  return closePools(byKey.values());
}

function poolNamed(byKey: Map<string, PoolRows>, key: string): PoolRows {
  const known = byKey.get(key);
  if (known) return known;
  const pool: PoolRows = { key, internal: isInternal(key), status: undefined, members: [] };
  byKey.set(key, pool);
  return pool;
}

function readPoolRow(
  row: Row,
  columns: PoolColumns,
  pool: PoolRows,
  isPoolName: (name: string) => boolean,
): void {
  const server = need(row, columns.svname);
  const status = need(row, columns.status);
  if (server !== "BACKEND") {
    pool.members.push([server, memberStatus(status, need(row, columns.weight))]);
    return;
  }
  if (!isPoolName(pool.key)) throw unusable(`${pool.key} does not name a pool and a listener`);
  pool.status = status;
}

function isPoolAndListener(name: string): boolean {
  return name.split(":").length === 2;
}

/** HAProxy shows a server without weight as `UP`; the controller wants to hear that it drains. */
function memberStatus(status: string, weight: string): string {
  return status === "UP" && weight === "0" ? "DRAIN" : status;
}

function closePools(all: Iterable<PoolRows>): { pools: PoolSample[]; defect?: string | undefined } {
  const pools: PoolSample[] = [];
  let defect: string | undefined;
  for (const { key, internal, status, members } of all) {
    if (internal) continue;
    if (status === undefined) defect ??= `pool ${key} has members but no row of its own`;
    else pools.push({ key, status, members: Object.fromEntries(members) });
  }
  return { pools, defect };
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
