/** Text of the firewall file (docs/contract/network.md, section 7); pure. */
import type { FirewallRule } from "./parse-rules.ts";

const BASE_ACCEPTS = `\
      icmp type destination-unreachable accept
      icmpv6 type { nd-neighbor-solicit, nd-router-advert, nd-neighbor-advert, packet-too-big, destination-unreachable } accept
      udp sport 67 udp dport 68 accept
      udp sport 547 udp dport 546 accept
`;

/** Lets in what a port needs to get and keep its addresses, and nothing else. */
export const BASE_FIREWALL = `table inet amphora_table {
  chain amphora_chain {
    type filter hook input priority filter; policy drop;
${BASE_ACCEPTS}  }
}
`;

/** The whole firewall; its first two lines make one transaction of the change, free of leftovers. */
export function renderFirewall(rules: readonly FirewallRule[]): string {
  return `table inet amphora_table {}
delete table inet amphora_table
table inet amphora_table {
  chain amphora_chain {
    type filter hook input priority filter; policy drop;
      ct state vmap { established : accept, related : accept, invalid : drop }
      iif lo accept
      ip saddr 127.0.0.0/8 drop
      ip6 saddr ::1 drop
${BASE_ACCEPTS}      iifname eth1 goto amphora_vip_chain
  }
  chain amphora_vip_chain {
${rules.map((rule) => `      ${renderRule(rule)}\n`).join("")}  }
}
`;
}

function renderRule({ protocol, source, port }: FirewallRule): string {
  const from = source ? `${source.family === 4 ? "ip" : "ip6"} saddr ${source.cidr} ` : "";
  if (protocol !== "vrrp") return `${from}${protocol.toLowerCase()} dport ${port} accept`;
  return `${from}${source?.family === 6 ? "meta l4proto" : "ip protocol"} 112 accept`;
}
