/** What `templates/keepalived-vrrp/` prints, from a rendering document (docs/contract/rendering.md, section 7); pure. */

import { widthOf } from "../../parse-address.ts";
import { BASE_PATH } from "../base-path.ts";
import { refuse } from "../document/problem.ts";
import type { Amphora, RenderingDocument, Settings, Subnet, Vrrp } from "../document/types.ts";
import { normalisedSubnet, printable, printableAddress, printableNetwork } from "./printable.ts";

export type VrrpView = ReturnType<typeof vrrpView>;

/**
 * @param document - of kind `keepalived-vrrp`
 * @throws DocumentError when it does not describe its amphora, or a value cannot be printed
 */
export function vrrpView({ amphora_id, amphorae, vrrp, settings, loadbalancer }: RenderingDocument) {
  const index = (amphorae ?? []).findIndex(({ id }) => id === amphora_id);
  const amphora = amphorae?.[index];
  if (!amphora || !vrrp) throw refuse("$.amphora_id", "the id of one of $.amphorae", amphora_id);
  const { address, family } = printableAddress(amphora.vrrp_ip, `$.amphorae[${index}].vrrp_ip`);
  const vips = [
    { address: loadbalancer.vip_address, subnet: vrrp.vip_subnet, ...PRIMARY_VIP },
    ...additionalVips(vrrp),
  ].map((vip) => vipView(vip, family));
  return {
    path: "$",
    check: checkView(settings),
    group: groupView(vrrp),
    amphora: amphoraView({ ...amphora, vrrp_ip: address }, `$.amphorae[${index}]`),
    announcement: announcementView(settings),
    peers: peerViews(amphorae ?? [], address),
    vips,
    ownVips: vips.filter(({ isExcluded }) => !isExcluded),
    excludedVips: vips.filter(({ isExcluded }) => isExcluded),
  };
}

function checkView(settings: Settings | null | undefined) {
  return {
    path: "$.settings",
    script: `${printable(settings?.base_path ?? BASE_PATH, "$.settings.base_path")}/vrrp/check_script.sh`,
    interval: settings?.vrrp_check_interval ?? 5,
    fall: settings?.vrrp_fail_count ?? 2,
    rise: settings?.vrrp_success_count ?? 2,
  };
}

function announcementView(settings: Settings | null | undefined) {
  return {
    path: "$.settings",
    refresh: settings?.vrrp_garp_refresh_interval ?? 5,
    repeat: settings?.vrrp_garp_refresh_count ?? 2,
  };
}

function amphoraView({ vrrp_ip, vrrp_interface, vrrp_id, vrrp_priority }: Amphora, path: string) {
  if (!vrrp_interface) throw refuse(`${path}.vrrp_interface`, "the name of an interface", vrrp_interface);
  return {
    path,
    address: vrrp_ip,
    interfaceName: printable(vrrp_interface, `${path}.vrrp_interface`),
    virtualRouterId: vrrp_id ?? missingNumber(`${path}.vrrp_id`),
    priority: vrrp_priority ?? missingNumber(`${path}.vrrp_priority`),
  };
}

function missingNumber(path: string): never {
  throw refuse(path, "an integer", undefined);
}

function groupView({ group }: Vrrp) {
  const path = "$.vrrp.group";
  return {
    path,
    name: printable(group.vrrp_group_name, `${path}.vrrp_group_name`),
    authType: printable(group.vrrp_auth_type, `${path}.vrrp_auth_type`),
    authPass: printable(group.vrrp_auth_pass, `${path}.vrrp_auth_pass`),
    advertInterval: printable(String(group.advert_int), `${path}.advert_int`),
  };
}

/** Allocated amphorae with another address, in document order; one without an address prints as upstream's null. */
function peerViews(amphorae: readonly Amphora[], ownAddress: string) {
  return amphorae.flatMap(({ status, vrrp_ip }, index) => {
    if (status !== "ALLOCATED" || vrrp_ip === ownAddress) return [];
    const path = `$.amphorae[${index}].vrrp_ip`;
    return [{ path, address: vrrp_ip == null ? "None" : printableAddress(vrrp_ip, path).address }];
  });
}

interface Vip {
  readonly address: string;
  readonly subnet: Subnet;
  readonly addressPath: string;
  readonly subnetPath: string;
}

const PRIMARY_VIP = { addressPath: "$.loadbalancer.vip_address", subnetPath: "$.vrrp.vip_subnet" };

/** Sorted by their text; addresses have ASCII characters only, so code units sort like code points. */
function additionalVips({ additional_vip_data }: Vrrp): readonly Vip[] {
  const vips = (additional_vip_data ?? []).map(({ ip_address, subnet }, index) => {
    const path = `$.vrrp.additional_vip_data[${index}]`;
    return { address: ip_address, subnet, addressPath: `${path}.ip_address`, subnetPath: `${path}.subnet` };
  });
  return vips.sort((one, other) => (one.address < other.address ? -1 : Number(one.address > other.address)));
}

function vipView({ address: given, subnet, addressPath, subnetPath }: Vip, ownFamily: 4 | 6) {
  const { address, family } = printableAddress(given, addressPath);
  return {
    path: addressPath,
    address,
    width: widthOf(family),
    isExcluded: family !== ownFamily,
    network: normalisedSubnet(subnet.cidr, `${subnetPath}.cidr`),
    gateway: subnet.gateway_ip && printableAddress(subnet.gateway_ip, `${subnetPath}.gateway_ip`).address,
    routes: (subnet.host_routes ?? []).map(({ destination, nexthop }, index) => ({
      path: `${subnetPath}.host_routes[${index}]`,
      destination: printableNetwork(destination, `${subnetPath}.host_routes[${index}].destination`),
      nexthop: printableAddress(nexthop, `${subnetPath}.host_routes[${index}].nexthop`).address,
    })),
  };
}
