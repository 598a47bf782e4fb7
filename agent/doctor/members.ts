/** The members that HAProxy connects to, as the status has found them. */
import type { Facts } from "../status/facts.ts";
import type { Target } from "./probe.ts";

export interface Member extends Target {
  readonly id: string;
  /** As configured. */
  readonly address: string;
}

/** Of load balancers that run; without members that somebody has taken out of service. */
export function membersOf({ loadBalancers }: Facts): Member[] {
  if (!("value" in loadBalancers)) return [];
  const found = loadBalancers.value.flatMap(({ backends, answer }) => {
    if (!answer || !("value" in answer)) return [];
    const rows = answer.value.statistics.backends;
    return backends.flatMap(({ key, servers }) => {
      const states = new Map(
        rows.find(({ name }) => name === key)?.servers.map((row) => [row.name, row.status]),
      );
      return [...servers].flatMap(([id, address]) => {
        const target = parseTarget(address);
        const isOut = states.get(id)?.startsWith("MAINT") ?? true;
        return target && !isOut ? [{ id, address, ...target }] : [];
      });
    });
  });
  // A shared pool is there once for each of its listeners.
  return [...new Map(found.map((member) => [`${member.id} ${member.address}`, member])).values()];
}

/** @returns undefined for what is no address and port, such as a socket */
function parseTarget(address: string): Target | undefined {
  const [, inBrackets, plain, digits] = /^(?:\[([^\]]+)\]|([^:/]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = inBrackets ?? plain;
  return host === undefined ? undefined : { host, port: Number(digits) };
}
