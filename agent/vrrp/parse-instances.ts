/** @returns names of the VRRP instances in a configuration of keepalived (keepalived.conf(5), `vrrp_instance`) */
export function parseInstanceNames(config: string): ReadonlySet<string> {
  return new Set(Array.from(config.matchAll(/^\s*vrrp_instance\s+([^\s{#!]+)/gm), ([, name = ""]) => name));
}
