/** The firewall that an SR-IOV port has before the controller sends rules (docs/contract/network.md, section 7). */
import { VIP_FIREWALL_FILE } from "../config/paths.ts";
import { AgentError } from "../errors.ts";
import { type ReplaceFile, readIfPresent } from "../system/files.ts";
import type { Netns } from "./netns.ts";

const BASE_FIREWALL = `table inet amphora_table {
  chain amphora_chain {
    type filter hook input priority filter; policy drop;
      icmp type destination-unreachable accept
      icmpv6 type { nd-neighbor-solicit, nd-router-advert, nd-neighbor-advert, packet-too-big, destination-unreachable } accept
      udp sport 67 udp dport 68 accept
      udp sport 547 udp dport 546 accept
  }
}
`;

/**
 * Loads the firewall file, written first if there is none: what is there holds rules that a reboot must not lose.
 * @throws AgentError `commandFailed` when nft refuses it; system errors of the file
 */
export async function closePort(netns: Netns, replaceFile: ReplaceFile): Promise<void> {
  if ((await readIfPresent(VIP_FIREWALL_FILE)) === undefined) {
    await replaceFile(VIP_FIREWALL_FILE, BASE_FIREWALL, 0o600);
  }
  const { exitCode, output } = await netns.exec("/usr/sbin/nft", ["-o", "-f", VIP_FIREWALL_FILE]);
  if (exitCode === 0) return;
  throw new AgentError("commandFailed", `nft refused ${VIP_FIREWALL_FILE}`, { details: output.trim() });
}
