/** What a heartbeat needs of a listener's keepalived configuration (docs/contract/heartbeat.md, 5.1). */
import { type Endpoint, parseEndpoint } from "./parse-endpoint.ts";
import type { Service } from "./parse-kernel.ts";

export interface LvsListener {
  readonly disabled: boolean;
  /** What the kernel serves for it: one address of each IP family. */
  readonly services: readonly Service[];
  /** None when it is missing or disabled. */
  readonly pool: LvsPool | undefined;
}

export interface LvsPool {
  readonly id: string;
  /** Whether its members are checked. */
  readonly monitored: boolean;
  readonly members: readonly LvsMember[];
}

export interface LvsMember {
  readonly id: string;
  readonly disabled: boolean;
  /** Where it is served; a disabled one is not. */
  readonly server: Endpoint | undefined;
}

const UUID = String.raw`\w{8}-\w{4}-\w{4}-\w{4}-\w{12}`;
const CONFIGURED = new RegExp(String.raw`# Configuration for (\w+) (${UUID})`, "g");
const DISABLED = new RegExp(String.raw`# (\w+) (${UUID}) is disabled`, "g");
/** The first line of a group is its address; more of the same IP family are not counted. */
const GROUP = /virtual_server_group\s+\S+\s*\{\s*(\S+)[ \t]+(\d+)/g;
const REAL_SERVER = /^\s*real_server\s+(\S+)\s+(\d+)/gm;
const PROTOCOL = /^\s*protocol\s+(\w+)/m;
const MONITOR = /MISC_CHECK|HTTP_GET|TCP_CHECK/;

/** @param config - text that the controller has rendered */
export function parseLvsListener(config: string): LvsListener {
  const disabled = idsByKind(config, DISABLED);
  return {
    disabled: disabled.has("Listener"),
    services: parseServiceNames(config),
    pool: parsePool(config, disabled.get("Member") ?? []),
  };
}

function parseServiceNames(config: string): Service[] {
  const protocol = PROTOCOL.exec(config)?.[1]?.toUpperCase() ?? "UDP";
  return endpointsOf(config, GROUP)
    .filter((endpoint) => endpoint !== undefined)
    .map((endpoint): Service => `${protocol} ${endpoint}`);
}

function parsePool(config: string, disabledMembers: readonly string[]): LvsPool | undefined {
  const configured = idsByKind(config, CONFIGURED);
  const [id] = configured.get("Pool") ?? [];
  if (id === undefined) return undefined;
  // Comments and servers stand in the same order.
  const servers = endpointsOf(config, REAL_SERVER);
  const served = (configured.get("Member") ?? []).map(
    (member, index): LvsMember => ({ id: member, disabled: false, server: servers[index] }),
  );
  const unserved = disabledMembers.map(
    (member): LvsMember => ({ id: member, disabled: true, server: undefined }),
  );
  return { id, monitored: MONITOR.test(config), members: [...served, ...unserved] };
}

function endpointsOf(config: string, pattern: RegExp): (Endpoint | undefined)[] {
  return Array.from(config.matchAll(pattern), ([, address = "", port = ""]) => parseEndpoint(address, port));
}

/** Ids in order of appearance, by the word in front of them. */
function idsByKind(config: string, pattern: RegExp): Map<string, string[]> {
  const ids = new Map<string, string[]>();
  for (const [, kind = "", id = ""] of config.matchAll(pattern)) {
    ids.set(kind, [...(ids.get(kind) ?? []), id]);
  }
  return ids;
}
