import type { Interface } from "../../bed/machine.ts";
import { NAMESPACE, type Rig } from "../rig.ts";
import { type Measure, repeat, timed } from "./measure.ts";

const VIP4 = {
  address: "198.51.100.5",
  cidr: "198.51.100.0/24",
  gateway: "198.51.100.1",
  vrrp: "198.51.100.10",
};
const VIP6 = {
  address: "2001:db8:1::5",
  cidr: "2001:db8:1::/64",
  gateway: "2001:db8:1::1",
  vrrp: "2001:db8:1::10",
};

export const plug: Measure = {
  name: "plug",
  rows: [
    { id: "plug4", title: "plug an IPv4 VIP", unit: "ms", target: 0.1 },
    { id: "plug6", title: "plug an IPv6 VIP", unit: "ms", target: 0.6 },
  ],
  definition:
    "`POST /1.0/plug/vip` for an interface that has just appeared. After each answer the VIP must be on `eth1`, and neither tentative nor refused by duplicate address detection.",
  run: async (rig) => {
    await rig.restartAgent();
    return {
      plug4: await repeat(5, (index) => plugOnce(rig, VIP4, index)),
      plug6: await repeat(5, (index) => plugOnce(rig, VIP6, index)),
    };
  },
};

async function plugOnce(rig: Rig, vip: typeof VIP4, index: number): Promise<number> {
  const nic: Interface = { bridge: "tenant", name: "vipnic", mac: `fa:16:3e:01:00:0${index}` };
  await rig.machine.plug(nic);
  const elapsed = await timed(() => rig.plugVip(nic, vip));
  await requireUsable(rig, vip.address);
  await rig.machine.unplug(nic);
  await forget(rig);
  return elapsed;
}

async function requireUsable(rig: Rig, address: string): Promise<void> {
  const shown = await rig.machine.exec("ip", ["-n", NAMESPACE, "-o", "address", "show", "dev", "eth1"]);
  const line = shown.split("\n").find((candidate) => candidate.includes(` ${address}/`));
  if (line === undefined || /tentative|dadfailed/.test(line)) {
    throw new Error(`${address} is not usable on eth1 after the answer:\n${shown}`);
  }
}

/** What unplugging leaves behind, so that the next plug is a first one again. */
async function forget(rig: Rig): Promise<void> {
  await rig.machine.exec("rm", [
    "-f",
    "/var/lib/octavia/plugged_interfaces",
    "/etc/octavia/interfaces/eth1.json",
  ]);
  for (const family of ["-4", "-6"]) {
    await rig.machine.try("ip", ["-n", NAMESPACE, family, "rule", "flush", "table", "1"]);
  }
}
