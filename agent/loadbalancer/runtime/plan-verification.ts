/** Whether HAProxy has the servers that a configuration names. */
import ipaddr from "ipaddr.js";
import { optionsOf } from "./parse-server.ts";
import type { ServerState } from "./parse-servers-state.ts";
import type { Section, Server } from "./types.ts";

/** @returns what is not as the section says, if anything */
export function findMismatch(
  { servers, lines }: Section,
  states: readonly ServerState[],
): string | undefined {
  const byName = new Map(states.map((state) => [state.name, state]));
  // Those that the agent does not understand are left as they were.
  const others = lines.filter(([first]) => first === "server").map(([, name]) => name ?? "");
  for (const name of others) byName.delete(name);
  for (const server of servers) {
    const state = byName.get(server.name);
    const mismatch = state ? mismatchOf(server, state) : "is not there";
    if (mismatch !== undefined) return `${server.name} ${mismatch}`;
    byName.delete(server.name);
  }
  const [left] = byName.keys();
  return left === undefined ? undefined : `${left} is still there`;
}

/** Whether a server is where the configuration has it, so that what is known of its health is still true. */
export function isSamePlace(server: Server, state: ServerState): boolean {
  const options = optionsOf(server);
  const [checkAddress] = options.get("addr") ?? [];
  const [checkPort] = options.get("port") ?? [];
  return (
    isSameAddress(state.address, server.address) &&
    state.port === server.port &&
    isSameAddress(state.checkAddress ?? "", checkAddress ?? "") &&
    state.checkPort === Number(checkPort ?? 0)
  );
}

function mismatchOf(server: Server, state: ServerState): string | undefined {
  if (!isSameAddress(state.address, server.address)) return `has the address ${state.address}`;
  if (state.port !== server.port) return `has port ${state.port}`;
  if (state.weight !== server.weight) return `has weight ${state.weight}`;
  if (state.isDisabled !== server.isDisabled) return state.isDisabled ? "is disabled" : "is enabled";
  if (state.isDraining) return "drains";
  if (state.isChecked !== optionsOf(server).has("check"))
    return state.isChecked ? "is checked" : "is not checked";
  return undefined;
}

/** Mostly it is written alike, which needs no look at what it means. */
function isSameAddress(first: string, second: string): boolean {
  return first === second || canonical(first) === canonical(second);
}

function canonical(address: string): string {
  return ipaddr.isValid(address) ? ipaddr.parse(address).toNormalizedString() : address;
}
