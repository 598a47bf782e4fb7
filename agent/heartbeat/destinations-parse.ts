/** `controller_ip_port_list` as destinations (docs/contract/heartbeat.md, section 6). */
import { isIPv6 } from "node:net";
import type { Destination } from "./types.ts";

export interface ParsedDestinations {
  /** Well-formed entries, in order. */
  readonly destinations: readonly Destination[];
  readonly malformed: readonly string[];
}

/**
 * A malformed entry is reported and the others are used: a typing error in one of three controllers must not
 * silence the amphora towards the other two.
 */
export function parseDestinations(list: readonly string[]): ParsedDestinations {
  const parsed = list.map((entry) => ({ entry, destination: parseDestination(entry.trim()) }));
  return {
    destinations: parsed.flatMap(({ destination }) => destination ?? []),
    malformed: parsed.filter(({ destination }) => destination === undefined).map(({ entry }) => entry),
  };
}

/** Host and port are divided by the last colon; IPv6 addresses may have brackets. */
function parseDestination(entry: string): Destination | undefined {
  const [, written = "", digits = ""] = /^(.+):(\d{1,5})$/.exec(entry) ?? [];
  const port = Number(digits);
  const [, inBrackets] = /^\[(.+)\]$/.exec(written) ?? [];
  const host = inBrackets ?? written;
  const isHost = inBrackets === undefined && /^[\w.-]+$/.test(host);
  return port > 0 && port < 65_536 && (isHost || isIPv6(host)) ? { host, port } : undefined;
}

/** Takes turns: one destination for each heartbeat, the first entry first. */
export class Rotation {
  #list: readonly string[] | undefined;
  #parsed: ParsedDestinations = { destinations: [], malformed: [] };
  #next = 0;

  /**
   * Takes over the configured list; one that differs from the last starts again at its first entry.
   * @returns the parsed list if it is new
   */
  use(list: readonly string[]): ParsedDestinations | undefined {
    // Mostly the very same array: the configuration is parsed once.
    if (list === this.#list) return undefined;
    const isKnown = JSON.stringify(list) === JSON.stringify(this.#list);
    this.#list = list;
    if (isKnown) return undefined;
    this.#parsed = parseDestinations(list);
    this.#next = 0;
    return this.#parsed;
  }

  get destinations(): readonly Destination[] {
    return this.#parsed.destinations;
  }

  /** The next destination that can be used now; the others wait for their next turn. */
  take(isUsable: (destination: Destination) => boolean): Destination | undefined {
    const { destinations } = this.#parsed;
    for (let step = 0; step < destinations.length; step += 1) {
      const index = (this.#next + step) % destinations.length;
      const destination = destinations[index];
      if (destination === undefined || !isUsable(destination)) continue;
      this.#next = index + 1;
      return destination;
    }
    return undefined;
  }
}
