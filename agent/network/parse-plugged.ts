/** The list of plugged ports, `<mac> <name in the namespace>` per line (docs/contract/network.md, 3.4); pure. */

export interface PluggedPort {
  /** Lower case. */
  readonly mac: string;
  readonly name: string;
}

/** Lines that are not of this form are left out. */
export function parsePlugged(text: string): PluggedPort[] {
  return text.split("\n").flatMap((line) => {
    const [mac, name] = line.trim().split(/\s+/);
    return mac === undefined || name === undefined ? [] : [{ mac: mac.toLowerCase(), name }];
  });
}

/**
 * The list with this port in it: a known MAC keeps its place and takes the new name
 * (docs/contract/rest-api.md, section 7, row 23).
 * @returns undefined when the list says so already
 */
export function withPlugged(text: string, port: PluggedPort): string | undefined {
  const ports = parsePlugged(text);
  const known = ports.find(({ mac }) => mac === port.mac);
  if (known?.name === port.name) return undefined;
  const next = known ? ports.map((item) => (item.mac === port.mac ? port : item)) : [...ports, port];
  return next.map(({ mac, name }) => `${mac} ${name}\n`).join("");
}
