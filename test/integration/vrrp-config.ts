/** What a controller renders for keepalived, for an amphora without a second one. */

export interface VrrpSettings {
  readonly name: string;
  readonly vips: readonly string[];
  /** keepalived asks this script every second; without one the amphora always takes the VIPs. */
  readonly checkScript?: string;
}

export function vrrpConfig({ name, vips, checkScript }: VrrpSettings): string {
  const script =
    checkScript === undefined
      ? ""
      : `vrrp_script check_script {
    script ${checkScript}
    interval 1
    fall 2
    rise 2
}

`;
  const track =
    checkScript === undefined
      ? ""
      : `
    track_script {
        check_script
    }
`;
  return `${script}vrrp_instance ${name} {
    interface eth1
    virtual_router_id 1
    priority 100
    nopreempt
    accept
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 7a3f9c1
    }

    unicast_src_ip 203.0.113.5
    unicast_peer {
        203.0.113.12
    }

    virtual_ipaddress {
${vips.map((vip) => `        ${vip}\n`).join("")}    }
${track}}
`;
}
