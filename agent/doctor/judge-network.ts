/** What bringing the interfaces up would change now: nothing, on a healthy amphora (network/plan-up.ts). */
import type { RouteStep, RuleStep, Step } from "../network/types.ts";
import { findingsOf } from "./finding.ts";
import type { Finding } from "./types.ts";

export interface InterfacePlan {
  readonly name: string;
  /** By its file, and of the link that there is. */
  readonly mtu: { readonly wanted: number | undefined; readonly found: number };
  /** Empty while the interface is down: then all of its routes are gone, and one reason is enough. */
  readonly steps: readonly Step[];
}

const { failure, warning } = findingsOf("network");

export function judgeNetwork(plans: readonly InterfacePlan[]): Finding[] {
  return plans.flatMap(({ name, mtu, steps }) => {
    const remedy = `amphora exec -- amphora-interface up ${name}`;
    return [
      ...steps.flatMap((step) => judgeStep(step, name, remedy)),
      ...(mtu.wanted === undefined || mtu.wanted === mtu.found
        ? []
        : [
            warning(
              name,
              `${name} has an MTU of ${mtu.found}, and its network one of ${mtu.wanted}`,
              `amphora exec -- ip link set ${name} mtu ${mtu.wanted}`,
            ),
          ]),
    ];
  });
}

function judgeStep(step: Step, name: string, remedy: string): Finding[] {
  switch (step.kind) {
    case "address.add":
      return [failure(step.address, `${step.address}/${step.prefix} is missing on ${name}`, remedy)];
    case "address.delete":
      return [
        warning(
          step.address,
          `${step.address}/${step.prefix} is on ${name} and in no interface file`,
          remedy,
        ),
      ];
    case "route.add":
      return [failure(step.destination, `the ${showRoute(step)} is missing`, remedy)];
    case "route.delete":
      return [warning(step.destination, `the ${showRoute(step)} is in no interface file`, remedy)];
    case "rule.add":
      return [failure(step.source, `the ${showRule(step)} is missing`, remedy)];
    case "rule.delete":
      return [warning(step.source, `the ${showRule(step)} is in no interface file`, remedy)];
    case "link.up":
    case "link.down":
    case "link.mtu":
    case "address.flush":
      return [];
  }
}

function showRoute({ destination, gateway, table, device }: RouteStep): string {
  const to =
    destination === "0.0.0.0/0" || destination === "::/0" ? "default route" : `route to ${destination}`;
  return `${to}${gateway === undefined ? "" : ` via ${gateway}`} of ${device} in table ${table}`;
}

function showRule({ source, prefix, table }: RuleStep): string {
  return `rule that sends what comes from ${source}/${prefix} to table ${table}`;
}
