/** Addresses in the kernel's own spelling, which is what everything else is compared in. */
import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

/** Address and port as `/proc/net/ip_vs` has them: `CB00710A:14E9`, `[2001:0db8:0000:...:0005]:14E9`. */
export type Endpoint = string;

/** @returns undefined when it is no address and port: it then equals none of the kernel's */
export function parseEndpoint(address: string, port: string): Endpoint | undefined {
  const host = spellAddress(address);
  return host === undefined || !/^\d{1,5}$/.test(port) ? undefined : `${host}:${hex(Number(port), 4)}`;
}

/** @param text - `192.0.2.5:53` or `[2001:db8::5]:53`, as ipvsadm prints it */
export function parseIpvsadmEndpoint(text: string): Endpoint | undefined {
  const [, bracketed, plain, port = ""] = /^(?:\[(.*)\]|(.*)):(\d+)$/.exec(text) ?? [];
  return parseEndpoint(bracketed ?? plain ?? "", port);
}

/** As people write it: `192.0.2.5:53`, `[2001:db8::5]:53`. */
export function showEndpoint(endpoint: Endpoint): string {
  const colon = endpoint.lastIndexOf(":");
  const host = endpoint.slice(0, colon);
  const port = Number.parseInt(endpoint.slice(colon + 1), 16);
  if (host.startsWith("[")) return `[${ipaddr.IPv6.parse(host.slice(1, -1)).toRFC5952String()}]:${port}`;
  const octets = [0, 2, 4, 6].map((at) => Number.parseInt(host.slice(at, at + 2), 16));
  return `${octets.join(".")}:${port}`;
}

function spellAddress(address: string): string | undefined {
  if (isIPv4(address)) {
    return address
      .split(".")
      .map((octet) => hex(Number(octet), 2))
      .join("");
  }
  if (!isIPv6(address)) return undefined;
  const groups = ipaddr.IPv6.parse(address).parts.map((part) => part.toString(16).padStart(4, "0"));
  return `[${groups.join(":")}]`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
