/** What the agent itself needs to know of a stored keepalived configuration of a listener. */

/** Whether it balances anything: the listener, its pool and a member are enabled (docs/contract/rest-api.md, R4). */
export function hasVirtualServer(text: string): boolean {
  return text.includes("virtual_server");
}

/**
 * Addresses that a listener is reached at, each once, in order of appearance: the first word of each line of
 * each `virtual_server_group` block (docs/contract/rest-api.md, 2.8; network.md, 8.1).
 */
export function parseVipAddresses(text: string): string[] {
  const addresses = new Set<string>();
  for (const [, block = ""] of text.matchAll(/^\s*virtual_server_group\s+\S+\s*\{([^}]*)\}/gm)) {
    for (const line of block.split("\n")) {
      const [first] = line.trim().split(/\s+/);
      if (first) addresses.add(first);
    }
  }
  return [...addresses];
}
