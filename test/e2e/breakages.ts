/** Ways to break a running amphora from inside, as commands for a shell in it. */
import { HAPROXY_UNIT, VRRP_UNIT } from "./amphora.ts";
import { LOAD_BALANCER } from "./documents.ts";

export interface Breakage {
  readonly name: string;
  readonly damage: string;
}

export const VRRP_DIRECTORY = "/var/lib/octavia/vrrp";
export const PID_FILE = `/var/lib/octavia/${LOAD_BALANCER}/${LOAD_BALANCER}.pid`;
export const UNITS = "/usr/lib/systemd/system";
const INSIDE = "ip netns exec amphora-haproxy";
const IP = "ip -n amphora-haproxy";
const KILL_HAPROXY = `systemctl kill --signal=KILL ${HAPROXY_UNIT}`;
/** As often as systemd starts it within ten seconds, and once more. */
const KILLS = `for i in 1 2 3 4 5 6; do ${KILL_HAPROXY}; sleep 0.3; done`;
const FILLER = "/var/lib/octavia/filler";
const FILL = `dd if=/dev/zero of=${FILLER} bs=64k 2>/dev/null; true`;

/** Of an amphora without a standby: all of its network is the agent's. */
export function breakagesOfSingle(vip: string): readonly Breakage[] {
  return [
    { name: "VIP removed", damage: `${IP} address del ${vip}/32 dev eth1` },
    { name: "all addresses removed", damage: `${IP} address flush dev eth1 scope global` },
    { name: "default route removed", damage: `${IP} route del default table 1` },
    { name: "all routes removed", damage: `${IP} route flush table main; ${IP} route flush table 1` },
    { name: "rule removed", damage: `${IP} rule del table 1` },
    { name: "link down", damage: `${IP} link set eth1 down` },
    {
      name: "interface renamed",
      damage: `${IP} link set eth1 down; ${IP} link set eth1 name stray; ${IP} link set stray up`,
    },
    { name: "wrong MTU", damage: `${IP} link set eth1 mtu 1300` },
    { name: "sysctl reset", damage: `${INSIDE} sysctl -q -w net.ipv4.ip_forward=0` },
    { name: "nft table flushed", damage: `${INSIDE} nft flush ruleset` },
    { name: "namespace file unmounted", damage: "umount /run/netns/amphora-haproxy" },
    { name: "namespace file deleted", damage: "ip netns del amphora-haproxy" },
    { name: "HAProxy killed", damage: KILL_HAPROXY },
    { name: "HAProxy killed until systemd gives it up", damage: KILLS },
    { name: "pid file removed", damage: `rm ${PID_FILE}` },
    { name: "unit file removed", damage: `rm ${UNITS}/${HAPROXY_UNIT}` },
    {
      name: "disk full, HAProxy killed, rule removed, disk free",
      damage: `${FILL}; ${KILL_HAPROXY}; ${IP} rule del table 1; sleep 2; rm ${FILLER}`,
    },
  ];
}

/** Of one with a standby, which has keepalived besides. */
export const BREAKAGES_OF_PAIR: readonly Breakage[] = [
  { name: "keepalived killed", damage: `systemctl kill --signal=KILL ${VRRP_UNIT}` },
  { name: "check script removed", damage: `rm ${VRRP_DIRECTORY}/check_script.sh` },
  {
    name: "HAProxy's check removed",
    damage: `rm ${VRRP_DIRECTORY}/check_scripts/haproxy_check_script.sh`,
  },
  { name: "keepalived's unit file removed", damage: `rm ${UNITS}/${VRRP_UNIT}` },
];
