/** Checks of what is on other machines: controllers, members, the second amphora. */
import { lookup } from "node:dns/promises";
import type { Config } from "../config/types.ts";
import { systemErrorCode } from "../errors.ts";
import { parseDestinations } from "../heartbeat/destinations-parse.ts";
import type { Destination } from "../heartbeat/types.ts";
import type { Facts } from "../status/facts.ts";
import { knockUdp } from "../system/udp-probe.ts";
import { findingsOf } from "./finding.ts";
import { type ControllerProbe, judgeControllers, judgeMembers, type MemberProbe } from "./judge-reach.ts";
import { membersOf } from "./members.ts";
import { lookInside } from "./probe.ts";
import type { Check } from "./run-checks.ts";
import type { Finding } from "./types.ts";

export interface OtherParts {
  readonly facts: Facts;
  readonly config: Config;
}

const MOST_MEMBERS = 500;
/** The kernel asks three times, a second apart, who has an address, before it gives up (arp(7)). */
const KNOCK_WAIT_MS = 3_500;

export function otherChecks({ facts, config }: OtherParts): Check[] {
  const { destinations } = parseDestinations(config.controllerIpPortList);
  return [
    {
      name: "controllers",
      run: async (signal) =>
        judgeControllers(await Promise.all(destinations.map((one) => knockAt(one, signal)))),
    },
    { name: "members", run: async (signal) => judgeMembers(await connectToMembers(facts, signal)) },
    { name: "vrrp", run: () => Promise.resolve(judgeTopology(facts, config)) },
  ];
}

async function knockAt({ host, port }: Destination, signal: AbortSignal): Promise<ControllerProbe> {
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  try {
    const found = await lookup(host);
    const code = await knockUdp(found.address, port, KNOCK_WAIT_MS, signal);
    return { address, reached: code === undefined ? "silence" : { code } };
  } catch (error) {
    signal.throwIfAborted();
    return { address, reached: { code: systemErrorCode(error) ?? "unknown" } };
  }
}

async function connectToMembers(facts: Facts, signal: AbortSignal): Promise<MemberProbe[]> {
  const members = membersOf(facts).slice(0, MOST_MEMBERS);
  if (members.length === 0) return [];
  const { reached } = await lookInside({ targets: members }, signal);
  return members.map(({ id, address }, index) => ({ id, address, reached: reached[index] ?? "silence" }));
}

function judgeTopology({ vrrp, plugged }: Facts, { topology }: Config): Finding[] {
  const isMissing = "value" in vrrp && vrrp.value === undefined;
  const hasVip = "value" in plugged && plugged.value.vips.length > 0;
  if (topology !== "ACTIVE_STANDBY" || !isMissing || !hasVip) return [];
  const text =
    "the topology is ACTIVE_STANDBY, and keepalived has no configuration: nobody takes the VIP over";
  return [findingsOf("vrrp").warning(null, text, "have the controller fail the amphora over")];
}
