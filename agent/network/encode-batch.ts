/** Steps as lines for `ip -batch`; pure. Every value in a step has been parsed, so none can break out of its line. */
import { RULE_PRIORITY } from "./plan-up.ts";
import type { Family, RouteStep, Step } from "./types.ts";

/** The family option that `ip` needs for a step; rules are IPv4 to it unless told. */
export function familyOf(step: Step): Family {
  return "family" in step ? step.family : 4;
}

/** One line without its end. */
export function encodeStep(step: Step): string {
  switch (step.kind) {
    case "link.up":
      return `link set dev ${step.device} ${step.mtu === undefined ? "" : `mtu ${step.mtu} `}up`;
    case "link.down":
      return `link set dev ${step.device} down`;
    case "link.mtu":
      return `link set dev ${step.device} mtu ${step.mtu}`;
    case "address.add":
      return `addr add ${step.address}/${step.prefix} dev ${step.device} scope global`;
    case "address.delete":
      return `addr del ${step.address}/${step.prefix} dev ${step.device}`;
    case "address.flush":
      return `addr flush dev ${step.device}`;
    case "route.add":
      return `route add ${encodeRoute(step, step.onlink)}`;
    case "route.delete":
      return `route del ${encodeRoute(step, false)}`;
    case "rule.add":
      return `rule add from ${step.source}/${step.prefix} table ${step.table} priority ${RULE_PRIORITY} protocol unspec`;
    case "rule.delete":
      return `rule del from ${step.source}/${step.prefix} table ${step.table} priority ${RULE_PRIORITY}`;
  }
}

function encodeRoute(route: RouteStep, onlink: boolean): string {
  const { destination, gateway, device, table, source } = route;
  const words = [
    destination,
    ...(gateway === undefined ? [] : ["via", gateway]),
    "dev",
    device,
    ...(onlink ? ["onlink"] : []),
    "proto static table",
    table,
    // Scope means nothing in IPv6.
    ...(route.linkScope && route.family === 4 ? ["scope link"] : []),
    ...(source === undefined ? [] : ["src", source]),
  ];
  return words.join(" ");
}
