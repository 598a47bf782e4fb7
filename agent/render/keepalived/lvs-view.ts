/** What `templates/keepalived-lvs/` prints, from a rendering document (docs/contract/rendering.md, section 8); pure. */

import type { Family } from "../../network/types.ts";
import { BASE_PATH } from "../base-path.ts";
import { defaultPool, isEnabled, poolTable } from "../document/pools.ts";
import { refuse } from "../document/problem.ts";
import type { Listener, LoadBalancer, RenderingDocument } from "../document/types.ts";
import { lvsPoolView } from "./lvs-pool-view.ts";
import { printable, printableAddress } from "./printable.ts";

const FAMILIES: readonly Family[] = [4, 6];
/** What persistence tells clients apart by, unless it is said: the whole address. */
const GRANULARITY = { 4: "255.255.255.255", 6: "128" } as const;

export type LvsView = ReturnType<typeof lvsView>;

/**
 * @param document - of kind `keepalived-lvs`
 * @throws DocumentError when it does not describe its listener, or a value cannot be printed
 */
export function lvsView(document: RenderingDocument) {
  const { loadbalancer, listener_id } = document;
  const index = (loadbalancer.listeners ?? []).findIndex((listener) => listener.listener_id === listener_id);
  const listener = loadbalancer.listeners?.[index];
  if (!listener) throw refuse("$.listener_id", "the id of one of $.loadbalancer.listeners", listener_id);
  if (listener.protocol !== "UDP" && listener.protocol !== "SCTP") {
    throw refuse(`$.loadbalancer.listeners[${index}].protocol`, "one of UDP, SCTP", listener.protocol);
  }
  const isServed = isEnabled(listener) && isEnabled(loadbalancer);
  return {
    path: "$.loadbalancer",
    loadBalancerId: loadbalancer.loadbalancer_id,
    listener: {
      path: `$.loadbalancer.listeners[${index}]`,
      id: listener.listener_id,
      isEnabled: isEnabled(listener),
    },
    isServed,
    groups: isServed ? groupViews(document, listener) : [],
  };
}

/** One for each family that has a VIP; none without a pool. */
function groupViews({ loadbalancer, settings }: RenderingDocument, listener: Listener) {
  const found = defaultPool(listener, poolTable(loadbalancer));
  if (found === undefined) return [];
  const basePath = printable(settings?.base_path ?? BASE_PATH, "$.settings.base_path");
  const { members, persistence, ...pool } = lvsPoolView(found, listener, basePath);
  const vips = vipViews(loadbalancer);
  const families = FAMILIES.filter((family) => vips.some((vip) => vip.family === family));
  return families.map((family) => ({
    ...pool,
    family,
    port: listener.protocol_port,
    protocol: listener.protocol,
    vips: vips.filter((vip) => vip.family === family),
    persistence: persistence && { granularity: GRANULARITY[family], ...persistence },
    members: members.filter((member) => member.family === family),
  }));
}

/** The primary one first, then the additional ones in document order. */
function vipViews({ vip_address, additional_vips }: LoadBalancer) {
  const primary = { address: vip_address, path: "$.loadbalancer.vip_address" };
  const additional = (additional_vips ?? []).map(({ ip_address: address }, index) => ({
    address,
    path: `$.loadbalancer.additional_vips[${index}].ip_address`,
  }));
  return [primary, ...additional].map(({ address, path }) => ({ path, ...printableAddress(address, path) }));
}
