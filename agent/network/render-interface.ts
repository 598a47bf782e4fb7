/** Interface files from what a plug request asks for (docs/contract/network.md, 2.1 to 2.3); pure. */
import type { Topology } from "../config/types.ts";
import { maskHostBits, widthOf } from "../parse-address.ts";
import type {
  AddressEntry,
  Family,
  FixedIp,
  HostRoute,
  InterfaceFile,
  RouteEntry,
  ScriptEntry,
  StaticAddress,
  Vip,
  VipPort,
} from "./types.ts";

/** The table for traffic that is sent from a VIP. */
export const VIP_TABLE = 1;
const MASQUERADE = "/usr/local/bin/lvs-masquerade.sh";
const SCOPE_LINK = "link";

/** What both kinds of files need. */
export interface FileOptions {
  readonly name: string;
  /** Left out of the file when undefined or 0. */
  readonly mtu: number | undefined;
  readonly isSriov: boolean | null;
  readonly fixedIps: readonly FixedIp[];
}

/** The file of a VIP port; with `fixedIps` when members live on it too. */
export function renderVipFile(port: VipPort, topology: Topology, options: FileOptions): InterfaceFile {
  const shared = topology === "ACTIVE_STANDBY";
  const { vips } = port;
  const families = [...vips.map((vip) => vip.address.family), ...options.fixedIps.map((ip) => ip.family)];
  return {
    name: options.name,
    if_type: "vip",
    addresses: [
      ...ownAddresses(port),
      ...vips.map(vipAddress(shared)),
      ...options.fixedIps.map(fixedAddress),
    ],
    routes: [
      ...vips.flatMap((vip) => vipRoutes(vip, shared)),
      ...options.fixedIps.flatMap((ip) => fixedIpOnVipRoutes(ip, shared)),
    ],
    rules: shared ? [] : vips.map(vipRule),
    ...common(options, families),
  };
}

/** The file of a member port. Without fixed IPs the network itself hands out addresses, in both families. */
export function renderPortFile(options: FileOptions): InterfaceFile {
  const { fixedIps } = options;
  const automatic: AddressEntry[] = [{ dhcp: true, ipv6auto: true }];
  const families: Family[] = fixedIps.length > 0 ? fixedIps.map((ip) => ip.family) : [4, 6];
  return {
    name: options.name,
    if_type: "backend",
    addresses: fixedIps.length > 0 ? fixedIps.map(fixedAddress) : automatic,
    routes: fixedIps.flatMap((ip) => hostRoutes(ip.hostRoutes)),
    rules: [],
    ...common(options, families),
  };
}

/** `lo.json`, written at every start of the agent. */
export function renderLoopbackFile(): InterfaceFile {
  return {
    name: "lo",
    if_type: "lo",
    addresses: [{ address: "127.0.0.1", prefixlen: 8 }],
    routes: [],
    rules: [],
    scripts: { up: [], down: [] },
    is_sriov: false,
  };
}

type Common = Pick<InterfaceFile, "scripts" | "is_sriov" | "mtu">;

function common({ name, mtu, isSriov }: FileOptions, families: readonly Family[]): Common {
  return {
    scripts: {
      up: scripts("add", name, isSriov, families),
      down: scripts("delete", name, isSriov, families),
    },
    is_sriov: isSriov,
    ...(mtu ? { mtu } : {}),
  };
}

function scripts(
  verb: string,
  name: string,
  isSriov: boolean | null,
  families: readonly Family[],
): ScriptEntry[] {
  const suffix = isSriov ? " sriov" : "";
  return ([4, 6] as const)
    .filter((family) => families.includes(family))
    .map((family) => ({ command: `${MASQUERADE} ${verb} ipv${family} ${name}${suffix}` }));
}

function ownAddresses({ vips, vrrpAddress }: VipPort): AddressEntry[] {
  const [primary] = vips;
  if (vrrpAddress && primary) return [{ address: vrrpAddress.exploded, prefixlen: primary.prefix }];
  const has = (family: Family): boolean => vips.some((vip) => vip.address.family === family);
  return [...(has(4) ? [{ dhcp: true }] : []), ...(has(6) ? [{ ipv6auto: true }] : [])];
}

const vipAddress =
  (shared: boolean) =>
  ({ address }: Vip): StaticAddress => ({
    address: address.exploded,
    prefixlen: widthOf(address.family),
    octavia_owned: !shared,
  });

function fixedAddress({ text, prefix }: FixedIp): StaticAddress {
  return { address: text, prefixlen: prefix };
}

function vipRule({ address }: Vip): InterfaceFile["rules"][number] {
  return { src: address.exploded, src_len: widthOf(address.family), table: VIP_TABLE };
}

function vipRoutes(vip: Vip, shared: boolean): RouteEntry[] {
  const { address, prefix } = vip;
  const dst = `${maskHostBits({ address, prefix }).exploded}/${prefix}`;
  return [
    ...defaultRoutes(vip.gateway, address.family, shared),
    { dst, scope: SCOPE_LINK },
    ...(shared ? [] : [{ dst, prefsrc: address.exploded, scope: SCOPE_LINK, table: VIP_TABLE }]),
    ...hostRoutes(vip.hostRoutes),
    // Also when keepalived shares the VIP: it has these routes too, and whoever comes second finds them.
    ...hostRoutes(vip.hostRoutes).map((route) => ({ ...route, table: VIP_TABLE })),
  ];
}

function fixedIpOnVipRoutes(ip: FixedIp, shared: boolean): RouteEntry[] {
  return [...defaultRoutes(ip.gateway, ip.family, shared), ...hostRoutes(ip.hostRoutes)];
}

function defaultRoutes(gateway: string | undefined, family: Family, shared: boolean): RouteEntry[] {
  if (gateway === undefined) return [];
  const route = { dst: family === 6 ? "::/0" : "0.0.0.0/0", gateway, flags: ["onlink"] };
  return shared ? [route] : [route, { ...route, table: VIP_TABLE }];
}

function hostRoutes(routes: readonly HostRoute[]): RouteEntry[] {
  return routes.map(({ destination, nexthop }) => ({
    dst: destination,
    gateway: nexthop,
    flags: ["onlink"],
  }));
}
