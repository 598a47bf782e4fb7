/** What the kernel and ipvsadm say about virtual services (docs/contract/heartbeat.md, 5.2). */
import { AgentError } from "../errors.ts";
import { type Endpoint, parseIpvsadmEndpoint } from "./parse-endpoint.ts";

/** Protocol and address: `UDP CB00710A:14E9`. Listeners of two protocols may have one address. */
export type Service = `${string} ${Endpoint}`;

export interface RealServer {
  readonly weight: number;
  readonly activeConnections: number;
  /** UDP flows are all of this kind. */
  readonly inactiveConnections: number;
}

/** Totals of one service since it was added to the kernel. */
export interface ServiceCounters {
  readonly connections: number | bigint;
  readonly bytesIn: number | bigint;
  readonly bytesOut: number | bigint;
}

export interface KernelState {
  readonly servers: ReadonlyMap<Service, ReadonlyMap<Endpoint, RealServer>>;
  readonly counters: ReadonlyMap<Service, ServiceCounters>;
}

/**
 * @param table - content of `/proc/net/ip_vs`
 * @throws AgentError `unavailable` for a server without numbers
 */
export function parseServers(table: string): KernelState["servers"] {
  return serversByService(table, asIs, ([, , , weight, active, inactive], endpoint) => ({
    weight: Number(need(weight, endpoint)),
    activeConnections: Number(need(active, endpoint)),
    inactiveConnections: Number(inactive ?? 0),
  }));
}

/**
 * @param statistics - what `ipvsadm -Ln --stats --exact` prints
 * @throws AgentError `unavailable` for a service without numbers
 */
export function parseCounters(statistics: string): KernelState["counters"] {
  const counters = new Map<Service, ServiceCounters>();
  for (const [protocol = "", address = "", connections, , , bytesIn, bytesOut] of rowsOf(statistics)) {
    const endpoint = parseIpvsadmEndpoint(address);
    // Lines of servers, and services that are known by a mark of the firewall.
    if (protocol === "->" || endpoint === undefined) continue;
    counters.set(`${protocol} ${endpoint}`, {
      connections: need(connections, address),
      bytesIn: need(bytesIn, address),
      bytesOut: need(bytesOut, address),
    });
  }
  return counters;
}

/**
 * Connections that each server was given since it was added to the kernel.
 * @param statistics - as for {@link parseCounters}
 * @throws AgentError `unavailable` for a server without numbers
 */
export function parseServerTotals(
  statistics: string,
): ReadonlyMap<Service, ReadonlyMap<Endpoint, number | bigint>> {
  return serversByService(statistics, parseIpvsadmEndpoint, ([, , connections], address) =>
    need(connections, address),
  );
}

/** The kernel's own table has endpoints in the form that they have here. */
function asIs(word: string): Endpoint {
  return word;
}

/**
 * A line for each service, with a line for each of its servers behind it.
 * @param endpointOf - undefined for a service that is known by a mark of the firewall, whose servers are left out
 * @param read - takes the fields of a server's line, and what it calls the server
 */
function serversByService<T>(
  text: string,
  endpointOf: (word: string) => Endpoint | undefined,
  read: (fields: readonly string[], server: string) => T,
): Map<Service, Map<Endpoint, T>> {
  const services = new Map<Service, Map<Endpoint, T>>();
  let servers: Map<Endpoint, T> | undefined;
  for (const fields of rowsOf(text)) {
    const [first = "", word = ""] = fields;
    const endpoint = endpointOf(word);
    if (first === "->") {
      if (endpoint !== undefined) servers?.set(endpoint, read(fields, word));
      continue;
    }
    servers = endpoint === undefined ? undefined : new Map();
    if (servers && endpoint !== undefined) services.set(`${first} ${endpoint}`, servers);
  }
  return services;
}

/** Fields of each line behind the three of the heading. */
function* rowsOf(text: string): Generator<string[]> {
  for (const line of text.split("\n").slice(3)) {
    if (line.trim() !== "") yield line.trim().split(/\s+/);
  }
}

/** A 64-bit counter, exact at every size. */
function need(digits: string | undefined, subject: string): number | bigint {
  if (digits === undefined || !/^\d+$/.test(digits)) {
    throw new AgentError("unavailable", `the kernel's numbers for ${subject} cannot be read`);
  }
  const count = Number(digits);
  return Number.isSafeInteger(count) ? count : BigInt(digits);
}
