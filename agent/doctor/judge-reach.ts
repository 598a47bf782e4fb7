/** Who can be reached from here: controllers, members, and others with an address that is ours. */
import { findingsOf } from "./finding.ts";
import type { CheckName, Finding } from "./types.ts";

/** How an attempt to connect or to send ended: well, without an answer in time, or with a system error. */
export type Reached = "yes" | "silence" | { readonly code: string };

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses",
  EHOSTUNREACH: "cannot be reached: no host answers there",
  ENETUNREACH: "cannot be reached: there is no route",
  ENOTFOUND: "has no address: the name is unknown",
  EAI_AGAIN: "has no address: no name server answers",
  EACCES: "may not be reached: a firewall here forbids it",
  EPERM: "may not be reached: a firewall here forbids it",
};

function wordsOf(reached: Exclude<Reached, "yes">): string {
  if (reached === "silence") return "does not answer";
  return WORDS[reached.code] ?? `cannot be reached: ${reached.code}`;
}

export interface ControllerProbe {
  /** `<host>:<port>` */
  readonly address: string;
  readonly reached: Reached;
}

/** Nobody answers a heartbeat: only what refuses it, or has no way there, is known. */
export function judgeControllers(probes: readonly ControllerProbe[]): Finding[] {
  const { failure } = findingsOf("controllers");
  return probes.flatMap(({ address, reached }) => {
    if (reached === "yes" || reached === "silence") return [];
    const remedy =
      reached.code === "ECONNREFUSED"
        ? "is the health manager running there, and is the address in controller_ip_port_list right?"
        : "ip route get its address, outside the namespace; is the management network up?";
    return [failure(address, `the controller ${address} ${wordsOf(reached)}`, remedy)];
  });
}

export interface MemberProbe {
  /** Of the member. */
  readonly id: string;
  /** `<host>:<port>` */
  readonly address: string;
  readonly reached: Reached;
}

export function judgeMembers(probes: readonly MemberProbe[]): Finding[] {
  const { failure } = findingsOf("members");
  return probes.flatMap(({ id, address, reached }) => {
    if (reached === "yes") return [];
    const host = address.slice(0, address.lastIndexOf(":"));
    const remedy =
      reached !== "silence" && reached.code === "ECONNREFUSED"
        ? "does the member's program run, and listen on that address and port?"
        : `amphora exec -- ip route get ${host}; security group and firewall of the member?`;
    return [failure(id, `member ${id}, ${address}, ${wordsOf(reached)}`, remedy)];
  });
}

export interface DuplicateProbe {
  readonly device: string;
  readonly address: string;
  readonly isAnswered: boolean;
}

export function judgeDuplicates(probes: readonly DuplicateProbe[]): Finding[] {
  const { failure } = findingsOf("duplicates");
  return probes
    .filter(({ isAnswered }) => isAnswered)
    .map(({ device, address }) =>
      failure(
        address,
        `another host answers for ${address} on the network of ${device}`,
        `amphora exec -- arping -D -I ${device} ${address} shows its MAC address; is there an old amphora of this load balancer?`,
      ),
    );
}

export interface PathProbe {
  readonly host: string;
  readonly device: string;
  readonly linkMtu: number;
  /** The largest packet that was answered; undefined when none was, and nothing is known. */
  readonly largest: number | undefined;
}

export function judgePaths(probes: readonly PathProbe[]): Finding[] {
  const check: CheckName = "mtu";
  return probes.flatMap(({ host, device, linkMtu, largest }) =>
    largest === undefined || largest >= linkMtu
      ? []
      : [
          findingsOf(check).failure(
            host,
            `packets of ${linkMtu} bytes to ${host} vanish, and ${largest} bytes get through`,
            `let ICMP "fragmentation needed" through, or give ${device} the MTU of the path`,
          ),
        ],
  );
}
