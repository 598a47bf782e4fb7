/** Which `up` scripts of an interface have lost what they did (docs/contract/network.md, section 5); pure. */
import type { InterfaceFile, ScriptEntry } from "./types.ts";

const SCRIPT = /(?:^|\/)lvs-masquerade\.sh add (ipv4|ipv6) (\S+)(?: (sriov))?$/;
/** By number, or by name where there is an /etc/protocols. */
const PROTOCOLS = { tcp: "(?:6|tcp)", udp: "(?:17|udp)", sctp: "(?:132|sctp)" } as const;

/**
 * Other scripts leave nothing that could be looked at.
 * @param ruleset - output of `nft list ruleset`
 */
export function planScripts(file: InterfaceFile, ruleset: string): readonly ScriptEntry[] {
  return file.scripts.up.filter(({ command }) => {
    const [, family, device, mode] = SCRIPT.exec(command.trim()) ?? [];
    if (family === undefined || device === undefined) return false;
    const table = tableOf(ruleset, `${family === "ipv4" ? "ip" : "ip6"} octavia-${family}`);
    return !rulesOf(device, mode === "sriov").every((rule) => rule.test(table));
  });
}

/** The firewall of an SR-IOV port has its rules (docs/contract/network.md, section 7). */
export function hasFirewall(ruleset: string): boolean {
  return tableOf(ruleset, "inet amphora_table").includes("udp sport 67 udp dport 68 accept");
}

function rulesOf(device: string, isTracked: boolean): RegExp[] {
  const name = device.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const masquerade = (protocol: string) =>
    new RegExp(`oifname "${name}" meta l4proto ${protocol} masquerade`);
  const untracked = (direction: string) =>
    new RegExp(`${direction} "${name}" meta l4proto ${PROTOCOLS.tcp} notrack`);
  return [
    masquerade(PROTOCOLS.udp),
    masquerade(PROTOCOLS.sctp),
    ...(isTracked ? [] : [untracked("iifname"), untracked("oifname")]),
  ];
}

/** @returns the text of one table, empty without it */
function tableOf(ruleset: string, name: string): string {
  const start = ruleset.indexOf(`table ${name} {`);
  if (start === -1) return "";
  const end = ruleset.indexOf("\n}", start);
  return ruleset.slice(start, end === -1 ? undefined : end);
}
