import { parseAddress, widthOf } from "../parse-address.ts";

/**
 * @returns the addresses that keepalived adds to an interface when it becomes master, each with the whole width of its
 * family as prefix length (keepalived.conf(5), `virtual_ipaddress` and `virtual_ipaddress_excluded`)
 */
export function parseVirtualAddresses(config: string): string[] {
  const blocks = config.matchAll(/^\s*virtual_ipaddress(?:_excluded)?\s*\{([^}]*)\}/gm);
  const words = Array.from(blocks, ([, lines = ""]) => lines.split("\n"))
    .flat()
    .flatMap((line) => /^\s*([^\s/#!]+)/.exec(line)?.[1] ?? []);
  const addresses = words.flatMap((word) => parseAddress(word) ?? []);
  return [...new Set(addresses.map(({ canonical, family }) => `${canonical}/${widthOf(family)}`))];
}
