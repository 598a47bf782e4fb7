/** What takes an interface's file back (docs/contract/network.md, 4.9); pure. */
import { AgentError } from "../errors.ts";
import { addressStep, isStatic, routeStep, ruleStep } from "./plan-up.ts";
import type { InterfaceFile, NetworkState, Step } from "./types.ts";

export interface DownPlan {
  readonly dhcp: boolean;
  readonly slaac: boolean;
  /** Nothing when the link is down already. */
  readonly steps: readonly Step[];
  readonly wasUp: boolean;
}

/** @throws AgentError `notFound` without the link, `invalidInput` when the file holds an unusable address or rule */
export function planDown(file: InterfaceFile, state: NetworkState): DownPlan {
  const link = state.links.find(({ name }) => name === file.name);
  if (!link) throw new AgentError("notFound", `no link ${file.name} in the namespace`);
  return {
    dhcp: file.addresses.some((entry) => !isStatic(entry) && entry.dhcp === true),
    slaac: file.addresses.some((entry) => !isStatic(entry) && entry.ipv6auto === true),
    steps: link.up ? removal(file) : [],
    wasUp: link.up,
  };
}

function removal(file: InterfaceFile): Step[] {
  const { name: device } = file;
  const rules = file.if_type === "backend" ? [] : file.rules.map(ruleStep);
  return [
    ...rules.map((rule) => ({ kind: "rule.delete" as const, ...rule })),
    ...file.routes.flatMap((entry) => {
      const route = routeStep(file, entry);
      return route ? [{ kind: "route.delete" as const, ...route }] : [];
    }),
    // keepalived's addresses go too: a link without them must not come back with them.
    ...file.addresses
      .filter(isStatic)
      .map((entry) => ({ kind: "address.delete" as const, ...addressStep(file, entry) })),
    { kind: "address.flush", device },
    { kind: "link.down", device },
  ];
}
