/** A `server` line of HAProxy's configuration (HAProxy configuration manual, 5.2 "Server and default-server options"). */
import { isIP } from "node:net";
import type { Server, Words } from "./types.ts";

/** Options that the agent knows, and how many words follow each. */
const ARGUMENTS: Readonly<Record<string, number>> = {
  addr: 1,
  alpn: 1,
  backup: 0,
  "ca-file": 1,
  check: 0,
  "check-alpn": 1,
  "check-ssl": 0,
  ciphers: 1,
  ciphersuites: 1,
  cookie: 1,
  "crl-file": 1,
  crt: 1,
  disabled: 0,
  fall: 1,
  inter: 1,
  "no-sslv3": 0,
  "no-tlsv10": 0,
  "no-tlsv11": 0,
  "no-tlsv12": 0,
  "no-tlsv13": 0,
  port: 1,
  rise: 1,
  "send-proxy": 0,
  "send-proxy-v2": 0,
  sni: 1,
  ssl: 0,
  verify: 1,
  weight: 1,
};

/** What a server has that no weight is given to. */
const DEFAULT_WEIGHT = 1;
const HIGHEST_WEIGHT = 256;

/** @returns undefined for a server whose line has something that the agent does not know */
export function parseServer([keyword, name, place, ...words]: Words): Server | undefined {
  if (keyword !== "server" || name === undefined) return undefined;
  const endpoint = parsePlace(place ?? "");
  const options: string[] = [];
  let weight = DEFAULT_WEIGHT;
  let isDisabled = false;
  for (let at = 0; at < words.length; ) {
    const option = words[at] ?? "";
    const count = Object.hasOwn(ARGUMENTS, option) ? ARGUMENTS[option] : undefined;
    if (count === undefined || at + count >= words.length) return undefined;
    const values = words.slice(at + 1, at + 1 + count);
    if (option === "weight") weight = /^\d{1,3}$/.test(values[0] ?? "") ? Number(values[0]) : Number.NaN;
    else if (option === "disabled") isDisabled = true;
    else options.push(option, ...values);
    at += 1 + count;
  }
  if (!endpoint || !(weight <= HIGHEST_WEIGHT)) return undefined;
  return { name, ...endpoint, weight, isDisabled, options };
}

/** The name of an option that a server has, with the words that belong to it. */
export function optionsOf({ options }: Server): Map<string, Words> {
  const found = new Map<string, Words>();
  for (let at = 0; at < options.length; ) {
    const option = options[at] ?? "";
    const count = ARGUMENTS[option] ?? 0;
    found.set(option, options.slice(at + 1, at + 1 + count));
    at += 1 + count;
  }
  return found;
}

/** `10.0.0.1:80`, `2001:db8::1:80` or `[2001:db8::1]:80`; names would be looked up, which is not ours to do. */
function parsePlace(place: string): Pick<Server, "address" | "port"> | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|(.*)):(\d{1,5})$/.exec(place) ?? [];
  const address = bracketed ?? plain ?? "";
  const port = Number(digits);
  return isIP(address) !== 0 && port >= 1 && port <= 65_535 ? { address, port } : undefined;
}
