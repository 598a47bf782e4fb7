/** keepalived configurations as controllers render them, as far as the agent reads them. */
export const LISTENER = "11111111-1111-4111-8111-111111111111";
export const POOL = "22222222-2222-4222-8222-222222222222";

export function memberId(number: number): string {
  return `33333333-3333-4333-8333-${String(number).padStart(12, "0")}`;
}

export interface Group {
  readonly vips: readonly string[];
  readonly port?: number;
  /** Addresses of members, `undefined` for a disabled one. */
  readonly members: readonly (string | undefined)[];
}

/** @param groups - one for each IP family */
export function aConfig(
  groups: readonly Group[],
  { monitor = true, protocol = "UDP" }: { monitor?: boolean; protocol?: string } = {},
): string {
  let number = 0;
  const check = monitor ? '\n        MISC_CHECK {\n            misc_path "x"\n        }' : "";
  const blocks = groups.map(({ vips, port = 53, members }, index) => {
    const servers = members.map((address) => {
      const id = memberId(++number);
      return address === undefined
        ? `    # Member ${id} is disabled\n`
        : `    # Configuration for Member ${id}\n    real_server ${address} 5000 {\n        weight 1${check}\n    }\n`;
    });
    return `virtual_server_group g${index} {
${vips.map((vip) => `    ${vip} ${port}`).join("\n")}
}

virtual_server group g${index} {
    lb_algo rr
    protocol ${protocol}
    # Configuration for Pool ${POOL}
${servers.join("\n")}}
`;
  });
  return `# Configuration for Loadbalancer 99999999-9999-4999-8999-999999999999
# Configuration for Listener ${LISTENER}

net_namespace amphora-haproxy

${blocks.join("")}`;
}

const TABLE_HEADING = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
`;
const STATISTICS_HEADING = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes
  -> RemoteAddress:Port
`;

export function aTable(...lines: readonly string[]): string {
  return TABLE_HEADING + lines.map((line) => `${line}\n`).join("");
}

export function aStatistics(...lines: readonly string[]): string {
  return STATISTICS_HEADING + lines.map((line) => `${line}\n`).join("");
}
