/** Bodies of the plug requests; pure. */
import { AgentError, RejectedBodyError } from "../errors.ts";
import { maskHostBits, type Network, parseAddress, requireAddress, requireSubnet } from "../parse-address.ts";
import { Fields } from "./parse-fields.ts";
import type { Address, FixedIp, HostRoute, Vip, VipPort } from "./types.ts";

export interface VipRequest extends VipPort {
  /** Lower case. */
  readonly mac: string;
  readonly mtu: number | undefined;
  readonly isSriov: boolean | null;
}

export interface PortRequest {
  readonly mac: string;
  readonly fixedIps: readonly FixedIp[];
  readonly mtu: number | undefined;
  readonly isSriov: boolean | null;
  /**
   * `vip_net_info`, if any. It is checked only when it is used, for a port that is in the namespace already.
   * @throws AgentError `invalidInput` with the route's texts
   */
  readonly vipPort: (() => VipPort) | undefined;
}

const rejectVip = (reason: string): Error => new RejectedBodyError("Invalid subnet information", reason);
const rejectPort = (reason: string): Error => new RejectedBodyError("Invalid port information", reason);

/**
 * R16 (docs/contract/network.md, 3.1; rest-api.md, section 7, rows 25 and 26).
 * @throws AgentError `invalidInput` with the contract's body
 */
export function parseVipRequest(vip: string, body: unknown): VipRequest {
  const fields = Fields.of(body, "body", rejectVip);
  requireKeys(fields, ["subnet_cidr", "gateway", "mac_address"]);
  const mac = parseMac(fields);
  const mtu = fields.optionalInteger("mtu");
  const isSriov = fields.has("is_sriov") ? (fields.optionalFlag("is_sriov") ?? null) : false;
  if (fields.isNull("additional_vips")) throw fields.error("additional_vips is null");
  return { mac, mtu, isSriov, ...parseVipPort(vip, fields) };
}

/**
 * R17 (docs/contract/network.md, 3.2).
 * @throws AgentError `invalidInput` with the contract's body
 */
export function parsePortRequest(body: unknown): PortRequest {
  const fields = Fields.of(body, "body", rejectPort);
  const mac = parseMac(fields);
  const info = fields.optionalFields("vip_net_info");
  const vipPort =
    info &&
    ((): VipPort => {
      requireKeys(info, ["vip", "subnet_cidr", "gateway"]);
      return parseVipPort(info.text("vip"), info);
    });
  return {
    mac,
    mtu: fields.optionalInteger("mtu"),
    isSriov: fields.optionalFlag("is_sriov") ?? null,
    fixedIps: fields.optionalItems("fixed_ips").map(parseFixedIp),
    vipPort,
  };
}

function parseVipPort(vip: string, fields: Fields): VipPort {
  const subnet = fields.text("subnet_cidr");
  const primary = {
    address: vip,
    subnet,
    gateway: parseGateway(fields),
    hostRoutes: parseHostRoutes(fields),
  };
  const additional = fields.optionalItems("additional_vips").map((item) => {
    requireKeys(item, ["ip_address", "subnet_cidr", "gateway", "host_routes"]);
    return {
      address: item.text("ip_address"),
      subnet: item.text("subnet_cidr"),
      gateway: parseGateway(item),
      hostRoutes: parseHostRoutes(item),
    };
  });
  const vrrp = fields.optionalText("vrrp_ip") || undefined;
  const vips = [primary, ...additional].map((item) => withReason("Invalid VIP", () => parseVip(item)));
  const vrrpAddress =
    vrrp === undefined ? undefined : withReason("Invalid VRRP Address", () => requireAddress(vrrp));
  return { vips, vrrpAddress };
}

interface VipTexts {
  readonly address: string;
  readonly subnet: string;
  readonly gateway: string | undefined;
  readonly hostRoutes: readonly HostRoute[];
}

function parseVip({ address: text, subnet, gateway, hostRoutes }: VipTexts): Vip {
  const address = requireAddress(text);
  const { prefix } = requireSubnet(subnet);
  maskHostBits({ address, prefix });
  return { address, prefix, gateway, hostRoutes };
}

function parseFixedIp(item: Fields): FixedIp {
  requireKeys(item, ["ip_address", "subnet_cidr"]);
  const text = item.text("ip_address");
  const subnet = item.text("subnet_cidr");
  const gateway = parseGateway(item);
  const hostRoutes = parseHostRoutes(item);
  const address = parseAddress(text);
  if (!address) throw new AgentError("invalidInput", "Invalid network port");
  const { prefix } = requirePortSubnet(subnet, address);
  return { text, family: address.family, prefix, gateway, hostRoutes };
}

function requirePortSubnet(text: string, address: Address): Network {
  try {
    const network = requireSubnet(text);
    maskHostBits({ address, prefix: network.prefix });
    return network;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    throw new AgentError("invalidInput", "Invalid network port", { details: error.message, cause: error });
  }
}

function parseHostRoutes(fields: Fields): HostRoute[] {
  return fields.optionalItems("host_routes").map((item) => ({
    destination: item.text("destination"),
    nexthop: item.text("nexthop"),
  }));
}

function parseMac(fields: Fields): string {
  const mac = fields.text("mac_address").toLowerCase();
  if (/^[0-9a-f]{2}(:[0-9a-f]{2})+$/.test(mac)) return mac;
  throw fields.error("mac_address is not a MAC address");
}

/** A missing, null or empty gateway means: no default route. */
function parseGateway(fields: Fields): string | undefined {
  return fields.optionalText("gateway") || undefined;
}

function requireKeys(fields: Fields, keys: readonly string[]): void {
  for (const key of keys) if (!fields.has(key)) throw fields.error(`${key} is missing`);
}

function withReason<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    throw new AgentError("invalidInput", `${what}: ${error.message}`, { cause: error });
  }
}
