/** Looks at the network; changes nothing and creates nothing. Undefined stands for a missing namespace. */
import type { Try } from "../system/run.ts";
import { type Netns, readOutput } from "./netns.ts";
import { parseAddresses, parseCounters, parseLinks, parseState } from "./parse-state.ts";
import type { InterfaceCounters, Link, LinkAddress, NetworkState } from "./types.ts";

const NUMERIC_JSON = ["-N", "-j", "-d", "-batch", "-"];
/** Without a family option `ip` would show routes of both families, and which is which could not be told. */
const FAMILY_STATE = "addr show\nroute show table all\nrule show\n";

/** Links, addresses, routes and rules, all of them, with two processes. */
export async function readState(netns: Netns): Promise<NetworkState | undefined> {
  const [inet, inet6] = await Promise.all([
    netns.ip(["-4", ...NUMERIC_JSON], `link show\n${FAMILY_STATE}`),
    netns.ip(["-6", ...NUMERIC_JSON], FAMILY_STATE),
  ]);
  const [text, text6] = [readOutput(inet), readOutput(inet6)];
  return text === undefined || text6 === undefined ? undefined : parseState(text, text6);
}

export async function readLinks(netns: Netns): Promise<Link[] | undefined> {
  const text = readOutput(await netns.ip(["-j", "link", "show"]));
  return text === undefined ? undefined : parseLinks(text);
}

/** Links of the namespace that the agent itself lives in. */
export async function readHostLinks(run: Try): Promise<Link[]> {
  return parseLinks(readOutput(await run("ip", ["-j", "link", "show"])) ?? "");
}

export async function readAddresses(netns: Netns, device?: string): Promise<LinkAddress[] | undefined> {
  const text = readOutput(await netns.ip(["-j", "addr", "show", ...(device ? ["dev", device] : [])]));
  return text === undefined ? undefined : parseAddresses(text);
}

export async function readCounters(netns: Netns): Promise<InterfaceCounters | undefined> {
  const text = readOutput(await netns.ip(["-j", "-s", "link", "show"]));
  return text === undefined ? undefined : parseCounters(text);
}
