/** From `openstack/latest/network_data.json` to files of systemd-networkd. */
import { isIP } from "node:net";
import { AgentError } from "../errors.ts";
import { asArray, asObject, jsonObject } from "./parse-meta-data.ts";
import type { NetworkFile } from "./types.ts";

/**
 * One file per link that has a network. Links are matched by their MAC, whatever the kernel calls them.
 * @throws AgentError `invalidInput` when an address or network is none
 */
export function planNetwork(text: string): NetworkFile[] {
  const document = jsonObject(text, "network_data.json");
  const networks = asArray(document.networks).map(asObject);
  return asArray(document.links)
    .map(asObject)
    .flatMap((link) => {
      const own = networks.filter((network) => network.link === link.id);
      return own.length > 0 ? [linkFile(link, own)] : [];
    });
}

type Fields = Readonly<Record<string, unknown>>;

function linkFile(link: Fields, networks: readonly Fields[]): NetworkFile {
  const mac = String(link.ethernet_mac_address ?? "").toLowerCase();
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac))
    throw new AgentError("invalidInput", `network_data.json: MAC address "${mac}"`);
  const mtu = Number(link.mtu);
  const plans = networks.map(planOf);
  const dhcp = [4, 6].filter((family) => plans.some((plan) => plan.dhcp === family));
  const lines = [
    "[Match]",
    `MACAddress=${mac}`,
    "",
    "[Link]",
    ...(mtu >= 68 && mtu <= 65_535 ? [`MTUBytes=${mtu}`] : []),
    "RequiredForOnline=no",
    "",
    "[Network]",
    `DHCP=${dhcp.length === 2 ? "yes" : dhcp.length === 1 ? `ipv${dhcp[0]}` : "no"}`,
    `IPv6AcceptRA=${plans.some((plan) => plan.advertised) ? "yes" : "no"}`,
    "LLMNR=no",
    ...plans.flatMap((plan) => plan.addresses.map((address) => `Address=${address}`)),
    "",
    ...plans.flatMap((plan) =>
      plan.routes.flatMap(({ to, via }) => ["[Route]", `Destination=${to}`, `Gateway=${via}`, ""]),
    ),
    // Names are not looked up here, and the host's name is the drive's.
    ...["[DHCPv4]", "UseDNS=no", "UseNTP=no", "UseHostname=no", "UseMTU=yes", ""],
    ...["[DHCPv6]", "UseDNS=no", "UseNTP=no", "UseHostname=no", ""],
    ...["[IPv6AcceptRA]", "UseDNS=no"],
  ];
  return { name: `10-${mac.replaceAll(":", "")}.network`, text: `${lines.join("\n")}\n` };
}

interface Plan {
  readonly dhcp: 4 | 6 | undefined;
  /** Routers say what there is. */
  readonly advertised: boolean;
  readonly addresses: readonly string[];
  readonly routes: readonly { readonly to: string; readonly via: string }[];
}

function planOf(network: Fields): Plan {
  const type = String(network.type);
  const routes = asArray(network.routes).map((route) => routeOf(asObject(route)));
  const plan = { dhcp: undefined, advertised: false, addresses: [], routes };
  if (type === "ipv4" || type === "ipv6") {
    const { ip_address: address, netmask } = network;
    return { ...plan, addresses: [prefixed(String(address), netmask)] };
  }
  if (type === "ipv4_dhcp") return { ...plan, dhcp: 4 };
  if (type === "ipv6_slaac") return { ...plan, advertised: true };
  if (type.startsWith("ipv6_dhcp")) return { ...plan, dhcp: 6, advertised: true };
  throw new AgentError("invalidInput", `network_data.json: a network of type ${type}`);
}

function routeOf(route: Fields): { to: string; via: string } {
  const via = String(route.gateway);
  if (isIP(via) === 0) throw new AgentError("invalidInput", `network_data.json: gateway "${via}"`);
  return { to: prefixed(String(route.network), route.netmask), via };
}

/** An address with its prefix, which may stand behind it, or beside it as a number or as a mask. */
function prefixed(text: string, mask: unknown): string {
  const [address = "", inline] = text.split("/");
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  const prefix = inline ?? (mask === undefined ? String(most) : prefixOf(String(mask)));
  if (family === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > most)
    throw new AgentError("invalidInput", `network_data.json: address "${text}", mask "${String(mask)}"`);
  return `${address}/${prefix}`;
}

function prefixOf(mask: string): string {
  if (/^\d{1,3}$/.test(mask)) return mask;
  const bits = isIP(mask) === 4 ? maskBits(mask.split("."), 10, 8) : maskBits(wholeIpv6(mask), 16, 16);
  const [ones = ""] = /^1*/.exec(bits) ?? [];
  // A hole in it would be no prefix.
  return bits.includes("1", ones.length) ? "none" : String(ones.length);
}

function maskBits(parts: readonly string[], base: number, width: number): string {
  return parts.map((part) => Number.parseInt(part, base).toString(2).padStart(width, "0")).join("");
}

function wholeIpv6(address: string): string[] {
  const [head = "", tail] = address.split("::");
  const [front, back] = [head, tail ?? ""].map((half) => half.split(":").filter((part) => part !== ""));
  const zeros = Array.from({ length: 8 - (front?.length ?? 0) - (back?.length ?? 0) }, () => "0");
  return [...(front ?? []), ...zeros, ...(back ?? [])];
}
