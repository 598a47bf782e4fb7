/** Where a configuration listens, and who listens there already. */
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { parseWords } from "./parse-words.ts";

/** One address of a `bind` line. */
export interface Bind {
  readonly frontend: string;
  /** Its line, from 0, and that of the section's first line. */
  readonly line: number;
  readonly header: number;
  /** Canonical; undefined for all addresses. */
  readonly address: string | undefined;
  readonly port: number;
}

/** Every address and port that is understood; unix sockets, ranges of ports and names are left out. */
export function parseBinds(text: string): Bind[] {
  const binds: Bind[] = [];
  let section: { readonly frontend: string; readonly header: number } | undefined;
  for (const [line, content] of text.split("\n").entries()) {
    const [first, second = ""] = parseWords(content) ?? [];
    if (!/^\s/.test(content) && first !== undefined) {
      section = first === "frontend" || first === "listen" ? { frontend: second, header: line } : undefined;
    }
    if (first !== "bind" || !section) continue;
    for (const place of second.split(",")) {
      const endpoint = parseEndpoint(place);
      if (endpoint) binds.push({ ...section, line, ...endpoint });
    }
  }
  return binds;
}

function parseEndpoint(place: string): Pick<Bind, "address" | "port"> | undefined {
  const [, host = "", digits] = /^(.*):(\d{1,5})$/.exec(place) ?? [];
  const port = Number(digits);
  const plain = host.replace(/^\[(.*)\]$/, "$1");
  if (!(port >= 1 && port <= 65_535)) return undefined;
  if (["", "*", "::", "0.0.0.0"].includes(plain)) return { address: undefined, port };
  return isIP(plain) === 0 ? undefined : { address: ipaddr.parse(plain).toNormalizedString(), port };
}

/** State of a listening socket in `/proc/net/tcp` (proc_net(5)). */
const LISTENING = "0A";
const ANY = /^0+$/;

/** A socket that accepts connections; no address: on all. */
export type Endpoint = Pick<Bind, "address" | "port">;

/**
 * @param text - of `/proc/net/tcp` or `tcp6`, whose addresses are words in the machine's byte order
 */
export function parseListening(text: string): Endpoint[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((row) => {
      const [, place = "", , state] = row.trim().split(/\s+/);
      const [host = "", port = ""] = place.split(":");
      if (state !== LISTENING) return [];
      return [{ address: ANY.test(host) ? undefined : addressOf(host), port: Number.parseInt(port, 16) }];
    });
}

function addressOf(hexadecimal: string): string {
  const words = hexadecimal.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => [...Buffer.from(word, "hex").reverse()]);
  return ipaddr.fromByteArray(bytes).toNormalizedString();
}

/**
 * Addresses of the namespace itself.
 * @param routes - `/proc/net/fib_trie`
 * @param interfaces - `/proc/net/if_inet6`
 */
export function parseLocalAddresses(routes: string, interfaces: string): ReadonlySet<string> {
  const ipv4 = [...routes.matchAll(/\|-- (\S+)\n\s+\/32 host LOCAL/g)].map(([, address = ""]) => address);
  const ipv6 = [...interfaces.matchAll(/^([0-9a-f]{32}) /gm)].map(([, digits = ""]) =>
    ipaddr.fromByteArray([...Buffer.from(digits, "hex")]).toNormalizedString(),
  );
  return new Set([...ipv4, ...ipv6]);
}

const isSame = (one: Endpoint, other: Endpoint) => one.port === other.port && one.address === other.address;
const overlaps = (one: Endpoint, other: Endpoint) =>
  one.port === other.port &&
  (one.address === other.address || one.address === undefined || other.address === undefined);

/** Binds that no earlier configuration had. */
export function newBinds(binds: readonly Bind[], before: readonly Bind[]): Bind[] {
  return binds.filter((bind) => !before.some((old) => isSame(bind, old)));
}

/**
 * New binds that HAProxy may not get: somebody else listens there, or the address is not the namespace's own.
 * @param before - what the old configuration holds is given over to the new one
 */
export function doubtfulBinds(
  binds: readonly Bind[],
  before: readonly Bind[],
  { listening, local }: { readonly listening: readonly Endpoint[]; readonly local: ReadonlySet<string> },
): Bind[] {
  const others = listening.filter((socket) => !before.some((old) => isSame(old, socket)));
  return binds.filter(
    (bind) =>
      (bind.address !== undefined && !local.has(bind.address)) ||
      others.some((socket) => overlaps(bind, socket)),
  );
}

/**
 * A configuration that listens on these alone, each at its own line, so that what HAProxy says of it is true of the
 * whole one.
 */
export function renderRehearsal(text: string, binds: readonly Bind[]): string {
  const lines = text.split("\n").map(() => "");
  for (const { frontend, header, line, address, port } of binds) {
    lines[header] = `frontend ${frontend}`;
    const place = address?.includes(":") ? `[${address}]` : (address ?? "");
    lines[line] = `${lines[line] ? `${lines[line]},` : "    bind "}${place}:${port}`;
  }
  return `${lines.join("\n")}\n`;
}
