/**
 * What of an interface file is missing in the kernel; pure. It only adds: what somebody else has put there stays,
 * and what keepalived takes away and brings back is its own.
 */
import { addressStep, isStatic, planLink, planRouting } from "./plan-up.ts";
import { VIP_TABLE } from "./render-interface.ts";
import type { InterfaceFile, NetworkState, RouteStep, Step } from "./types.ts";

/** @throws AgentError as `planLink` and `planRouting` */
export function planRepair(file: InterfaceFile, state: NetworkState): readonly Step[] {
  return [...planLink(file, state).steps, ...planMtu(file, state), ...planMissingRoutes(file, state)];
}

/** Of a link that is up; one that is down gets it with its start. */
export function planMtu({ name, mtu }: InterfaceFile, state: NetworkState): readonly Step[] {
  const link = state.links.find((candidate) => candidate.name === name);
  if (!link?.up || mtu === undefined || link.mtu === undefined || link.mtu === mtu) return [];
  return [{ kind: "link.mtu", device: name, mtu }];
}

export function planMissingRoutes(file: InterfaceFile, state: NetworkState): readonly Step[] {
  const isShared = file.addresses.some((entry) => isStatic(entry) && entry.octavia_owned === false);
  // With a standby this table is keepalived's (docs/contract/network.md, 2.1, note).
  const isKeepaliveds = (route: RouteStep) => isShared && route.table === String(VIP_TABLE);
  const { steps } = planRouting(file, state);
  const added = steps.flatMap((step) => (step.kind === "route.add" && !isKeepaliveds(step) ? [step] : []));
  return steps.filter((step) => {
    if (step.kind === "route.add") return added.includes(step);
    // The kernel takes the source address off an IPv6 route when the address goes; what is left is in the way.
    if (step.kind === "route.delete") return added.some((route) => isSameRoute(route, step));
    return step.kind === "rule.add";
  });
}

function isSameRoute(one: RouteStep, other: RouteStep): boolean {
  return one.destination === other.destination && one.table === other.table;
}

/** Addresses of a file that the agent itself announces: keepalived does that for its own. */
export function announcedAddresses(file: InterfaceFile): readonly string[] {
  return file.addresses
    .filter(isStatic)
    .filter((entry) => entry.octavia_owned !== false)
    .map((entry) => addressStep(file, entry).address);
}
