/** Addresses and networks in text form, as strict as the contract's peers are; pure. */
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { AgentError } from "./errors.ts";
import type { Address, Family } from "./network/types.ts";

/** @returns undefined for anything but a plain IPv4 or IPv6 address: no zone, no prefix length, no short IPv4 forms */
export function parseAddress(text: string): Address | undefined {
  if (text.includes("%")) return undefined;
  const family = isIP(text);
  if (family === 4) return { family, canonical: text, exploded: text };
  if (family !== 6) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return { family, canonical: address.toRFC5952String(), exploded: explode(address) };
}

function explode({ parts }: ipaddr.IPv6): string {
  return parts.map((part) => part.toString(16).padStart(4, "0")).join(":");
}

/** @throws AgentError `invalidInput` in the words that controllers know (docs/contract/rest-api.md, R16) */
export function requireAddress(text: string): Address {
  const address = parseAddress(text);
  if (address) return address;
  throw new AgentError("invalidInput", `${quote(text)} does not appear to be an IPv4 or IPv6 address`);
}

export interface Network {
  readonly address: Address;
  readonly prefix: number;
}

/**
 * An address with an optional prefix length, or for IPv4 a netmask; without one it stands for a single host.
 * @returns undefined when it does not parse; host bits are allowed
 */
export function parseCidr(text: string): Network | undefined {
  const [host = "", length, ...rest] = text.split("/");
  const address = parseAddress(host);
  if (!address || rest.length > 0) return undefined;
  const prefix = length === undefined ? widthOf(address.family) : parsePrefix(length, address.family);
  return prefix === undefined ? undefined : { address, prefix };
}

/**
 * A subnet; host bits are an error.
 * @throws AgentError `invalidInput` in the words that controllers know (docs/contract/rest-api.md, R16)
 */
export function requireSubnet(text: string): Network {
  const network = parseCidr(text);
  if (!network) {
    throw new AgentError("invalidInput", `${quote(text)} does not appear to be an IPv4 or IPv6 network`);
  }
  if (maskHostBits(network).canonical !== network.address.canonical) {
    throw new AgentError("invalidInput", `${text} has host bits set`);
  }
  return network;
}

/**
 * The first address of the network that `address` lies in.
 * @throws AgentError `invalidInput` when the family has no such prefix length
 */
export function maskHostBits({ address, prefix }: Network): Address {
  if (prefix > widthOf(address.family)) {
    throw new AgentError(
      "invalidInput",
      `${quote(`${address.canonical}/${prefix}`)} does not appear to be an IPv4 or IPv6 network`,
    );
  }
  const cidr = `${address.canonical}/${prefix}`;
  const first =
    address.family === 4
      ? ipaddr.IPv4.networkAddressFromCIDR(cidr)
      : ipaddr.IPv6.networkAddressFromCIDR(cidr);
  return requireAddress(first.toString());
}

/** Bits of an address. */
export function widthOf(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

function parsePrefix(text: string, family: Family): number | undefined {
  if (/^\d+$/.test(text)) {
    const prefix = Number(text);
    return prefix <= widthOf(family) ? prefix : undefined;
  }
  if (family === 6 || isIP(text) !== 4) return undefined;
  const mask = ipaddr.IPv4.parse(text);
  return mask.prefixLengthFromSubnetMask() ?? hostMaskPrefix(mask);
}

/** Prefix length of an inverted mask such as 0.0.0.255. */
function hostMaskPrefix(mask: ipaddr.IPv4): number | undefined {
  return new ipaddr.IPv4(mask.octets.map((octet) => 255 - octet)).prefixLengthFromSubnetMask() ?? undefined;
}

/** A string as Python's repr writes it: controllers' operators know these messages. */
function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\\n\r\t]|[^\x20-\x7e]/g, (char) => JSON.stringify(char).slice(1, -1));
  return `${mark}${mark === "'" ? escaped.replaceAll("'", "\\'") : escaped}${mark}`;
}
