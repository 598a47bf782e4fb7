/**
 * The cloud around the amphora: networks, a router, hosts, and the amphora's ports, which appear in the root
 * namespace as the hypervisor's would. The agent takes them from there.
 */
import type { Run } from "../system/run.ts";
import { BACKENDS, CLIENT, FABRIC, MEMBER_NETWORK, VIP_NETWORK } from "./scene.ts";

export interface Hypervisor {
  /** Networks, router, client and backend hosts. */
  buildNetworks(): Promise<void>;
  plugVipPort(): Promise<void>;
  plugMemberPort(): Promise<void>;
}

/** Names of the switches, in the fabric's namespace. */
const VIP_SWITCH = "vip-net";
const MEMBER_SWITCH = "member-net";

export function createHypervisor(run: Run): Hypervisor {
  const inFabric = (lines: readonly string[]) => ip(run, FABRIC, lines);
  return {
    async buildNetworks() {
      await ip(run, undefined, [FABRIC, CLIENT.name, ...BACKENDS.map(({ name }) => name)].map(addNamespace));
      await run("ip", ["netns", "exec", FABRIC, "sysctl", "-q", "-w", ...FORWARDING]);
      await inFabric(FABRIC_LINKS);
      await connectClient(run);
      for (const backend of BACKENDS) await connectBackend(run, backend);
    },
    async plugVipPort() {
      await ip(run, undefined, [port("port-vip", VIP_NETWORK, "amphora-vip")]);
      await inFabric([`link set amphora-vip master ${VIP_SWITCH} up`]);
    },
    async plugMemberPort() {
      await ip(run, undefined, [port("port-member", MEMBER_NETWORK, "amphora-member")]);
      await inFabric([`link set amphora-member master ${MEMBER_SWITCH} up`]);
    },
  };
}

const FORWARDING = ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"];

const FABRIC_LINKS = [
  "link set lo up",
  `link add ${VIP_SWITCH} type bridge`,
  `link set ${VIP_SWITCH} up`,
  `address add ${VIP_NETWORK.v4.gateway}/24 dev ${VIP_SWITCH}`,
  `address add ${VIP_NETWORK.v6.gateway}/64 dev ${VIP_SWITCH} nodad`,
  `link add ${MEMBER_SWITCH} type bridge`,
  `link set ${MEMBER_SWITCH} up`,
];

function addNamespace(name: string): string {
  return `netns add ${name}`;
}

/** A port with the MAC address that the controller is told, in the root namespace, down: nobody has taken it yet. */
function port(name: string, network: { mac: string; mtu: number }, peer: string): string {
  return `link add ${name} address ${network.mac} mtu ${network.mtu} type veth peer name ${peer} netns ${FABRIC}`;
}

async function connectClient(run: Run): Promise<void> {
  const { name, v4, v6 } = CLIENT;
  await ip(run, name, [
    "link set lo up",
    `link add eth0 type veth peer name ${name} netns ${FABRIC}`,
    "link set eth0 up",
    `address add ${v4.address} dev eth0`,
    `address add ${v6.address} dev eth0 nodad`,
    `route add 0.0.0.0/0 via ${v4.gateway}`,
    `route add ::/0 via ${v6.gateway} dev eth0`,
  ]);
  await ip(run, FABRIC, [
    `link set ${name} up`,
    `address add ${v4.gateway}/24 dev ${name}`,
    `address add ${v6.gateway}/64 dev ${name} nodad`,
  ]);
}

async function connectBackend(run: Run, { name, address }: { name: string; address: string }): Promise<void> {
  await ip(run, name, [
    "link set lo up",
    `link add eth0 mtu ${MEMBER_NETWORK.mtu} type veth peer name ${name} netns ${FABRIC}`,
    "link set eth0 up",
    `address add ${address}/24 dev eth0`,
  ]);
  await ip(run, FABRIC, [`link set ${name} master ${MEMBER_SWITCH} up`]);
}

/** Runs lines of iproute2 commands in one process, in a namespace or, without one, where we are. */
async function ip(run: Run, namespace: string | undefined, lines: readonly string[]): Promise<void> {
  const place = namespace === undefined ? [] : ["-n", namespace];
  await run("ip", [...place, "-batch", "-"], { input: `${lines.join("\n")}\n` });
}
