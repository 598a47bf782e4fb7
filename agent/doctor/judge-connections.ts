/** Room for connections in the kernel: its table of them, and ports for those to members. */
import { findingsOf } from "./finding.ts";
import type { Finding } from "./types.ts";

export interface Tracking {
  readonly count: number;
  readonly max: number;
  /** Packets of connections that found no place in the table. */
  readonly dropped: number;
}

export interface Ports {
  /** First and last that the kernel gives by itself. */
  readonly range: readonly [number, number];
  /** Connections from one address to one address and port, the most first. */
  readonly used: readonly { readonly from: string; readonly to: string; readonly count: number }[];
}

const { failure, warning } = findingsOf("connections");
const MUCH = 0.8;
const ALMOST_ALL = 0.95;

/** @param tracking - undefined where the kernel does not track connections */
export function judgeConnections(tracking: Tracking | undefined, ports: Ports): Finding[] {
  return [...(tracking ? judgeTracking(tracking) : []), ...judgePorts(ports)];
}

function judgeTracking({ count, max, dropped }: Tracking): Finding[] {
  const share = count / max;
  const remedy =
    "sysctl -w net.netfilter.nf_conntrack_max=<more>; amphora exec -- cat /proc/net/nf_conntrack";
  const text = `${count} of ${max} places for tracked connections are taken`;
  if (share >= ALMOST_ALL) return [failure(null, text, remedy)];
  if (share >= MUCH) return [warning(null, text, remedy)];
  if (dropped === 0) return [];
  return [warning(null, `${dropped} packets were dropped because the table of connections was full`, remedy)];
}

function judgePorts({ range: [first, last], used }: Ports): Finding[] {
  const all = last - first + 1;
  return used
    .filter(({ count }) => count >= all * MUCH)
    .map(({ from, to, count }) =>
      (count >= all * ALMOST_ALL ? failure : warning)(
        to,
        `${count} of ${all} ports for connections from ${from} to ${to} are taken`,
        "amphora exec -- sysctl -w net.ipv4.ip_local_port_range='1024 65535'; more members, or connections that are kept",
      ),
    );
}
