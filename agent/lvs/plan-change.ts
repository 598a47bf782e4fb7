/**
 * How the keepalived of a listener comes to work with another configuration. Its own reload keeps the health of members
 * and the traffic through those that did not change; a restart takes every address away for a moment.
 */
import { type Endpoint, parseEndpoint } from "./parse-endpoint.ts";
import { parseServers } from "./parse-kernel.ts";
import { parseLvsListener } from "./parse-listener.ts";

/** What the kernel serves once keepalived has reloaded. */
export interface Reload {
  readonly kind: "reload";
  /** Weights of all members that are served, healthy ones and others. */
  readonly weights: ReadonlyMap<Endpoint, number>;
  /** Those that were not there before: keepalived takes them for healthy until a check says otherwise. */
  readonly added: ReadonlySet<Endpoint>;
}

export type Change = Reload | { readonly kind: "restart" };

interface Member {
  readonly weight: number;
  /** keepalived's reload leaves a limit in the kernel as it was. */
  readonly limit: string;
}

interface Shape {
  /** Everything that is not a member's. */
  readonly frame: string;
  readonly members: ReadonlyMap<Endpoint, Member>;
}

/** A member's comment, with its block unless it is disabled, and the empty line behind (docs/contract/rendering.md, 8.2). */
const MEMBER =
  /^ *# (?:Member \S+ is disabled|Configuration for Member \S+\n *real_server (\S+) (\d+) \{\n([\s\S]*?)^ {0,4}\})\n{0,2}/gm;
const WEIGHT = /^ *weight (\d+)$/m;
const LIMIT = /^ *uthreshold .*$/m;
const RESTART: Change = { kind: "restart" };

/** @param before - what keepalived works with */
export function planChange(before: string, after: string): Change {
  const [old, wanted] = [parseShape(before), parseShape(after)];
  if (!old || !wanted || old.frame !== wanted.frame || old.members.size === 0) return RESTART;
  for (const [endpoint, { limit }] of wanted.members) {
    if ((old.members.get(endpoint)?.limit ?? limit) !== limit) return RESTART;
  }
  return {
    kind: "reload",
    weights: new Map(Array.from(wanted.members, ([endpoint, { weight }]) => [endpoint, weight])),
    added: new Set([...wanted.members.keys()].filter((endpoint) => !old.members.has(endpoint))),
  };
}

/**
 * Whether keepalived has brought a configuration into the kernel: without members there is nothing to serve.
 * @param table - content of `/proc/net/ip_vs`
 * @throws AgentError `unavailable` when the table cannot be read
 */
export function isServed(config: string, table: string): boolean {
  const services = parseServers(table);
  return parseLvsListener(config).services.some((service) => services.has(service));
}

/**
 * Whether the kernel serves what a reload is to bring about.
 * @param config - what keepalived was reloaded with
 * @param table - content of `/proc/net/ip_vs`
 * @throws AgentError `unavailable` when the table cannot be read
 */
export function isReached({ weights, added }: Reload, config: string, table: string): boolean {
  const services = parseServers(table);
  const present = new Set<Endpoint>();
  for (const service of parseLvsListener(config).services) {
    for (const [endpoint, { weight }] of services.get(service) ?? []) {
      if (weights.get(endpoint) !== weight) return false;
      present.add(endpoint);
    }
  }
  return [...added].every((endpoint) => present.has(endpoint));
}

/** @returns undefined for a text that no controller renders */
function parseShape(config: string): Shape | undefined {
  const members = new Map<Endpoint, Member>();
  for (const [, address, port, block = ""] of config.matchAll(MEMBER)) {
    if (address === undefined) continue;
    const endpoint = parseEndpoint(address, port ?? "");
    const weight = WEIGHT.exec(block)?.[1];
    if (endpoint === undefined || weight === undefined || members.has(endpoint)) return undefined;
    members.set(endpoint, { weight: Number(weight), limit: LIMIT.exec(block)?.[0] ?? "" });
  }
  const frame = config.replace(MEMBER, "");
  return frame.includes("real_server") ? undefined : { frame, members };
}
