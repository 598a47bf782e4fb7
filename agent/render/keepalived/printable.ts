/** Which values may stand in a keepalived configuration; pure. */

import type { Family } from "../../network/types.ts";
import { maskHostBits, type Network, parseAddress, parseCidr } from "../../parse-address.ts";
import { refuse } from "../document/problem.ts";

/**
 * A value that is printed. keepalived takes a brace for the beginning or end of a block wherever it stands in
 * a line, so that a URL path could end its block and define another virtual router.
 * @param path - JSON path of the value
 * @throws DocumentError when it has a brace
 */
export function printable(value: string, path: string): string {
  if (/[{}]/.test(value)) throw refuse(path, "text without { and }", value);
  return value;
}

/**
 * An address that is printed as it is given.
 * @throws DocumentError when it is none
 */
export function printableAddress(value: unknown, path: string): { address: string; family: Family } {
  const address = typeof value === "string" ? parseAddress(value) : undefined;
  if (address === undefined || typeof value !== "string")
    throw refuse(path, "an IPv4 or IPv6 address", value);
  return { address: value, family: address.family };
}

/**
 * Network address and prefix length of a subnet (docs/contract/rendering.md, section 7).
 * @throws DocumentError when it is none, or has host bits
 */
export function normalisedSubnet(value: string, path: string): string {
  const { address, prefix } = requireNetwork(value, path);
  if (maskHostBits({ address, prefix }).canonical !== address.canonical)
    throw refuse(path, "a network without host bits", value);
  return `${address.canonical}/${prefix}`;
}

/**
 * A network that is printed as it is given, host bits included.
 * @throws DocumentError when it is none
 */
export function printableNetwork(value: string, path: string): string {
  requireNetwork(value, path);
  return value;
}

function requireNetwork(value: string, path: string): Network {
  const network = parseCidr(value);
  if (network === undefined) throw refuse(path, "an IPv4 or IPv6 network", value);
  return network;
}
