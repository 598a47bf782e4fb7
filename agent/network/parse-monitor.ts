/** What `ip -o monitor label` prints; pure. */

export interface NetworkEvent {
  /** What changed, short enough for a log. */
  readonly text: string;
  /** A setting of the kernel, which the state of links, addresses and routes does not show. */
  readonly isSetting: boolean;
  /** Of a link: whether it has a carrier now. */
  readonly carrier: { readonly device: string; readonly isThere: boolean } | undefined;
}

const LONGEST_TEXT = 120;
/** The kernel's own bookkeeping, which follows the changes that matter. */
const NOISE = /^\[ROUTE\](?:Deleted )?(?:local|broadcast|anycast|multicast) /;

/** @returns undefined for a line that tells nothing of interest */
export function parseMonitorLine(line: string): NetworkEvent | undefined {
  const [, label, rest = ""] = /^\[([A-Z]+)\](.*)$/.exec(line) ?? [];
  if (label === undefined || NOISE.test(line)) return undefined;
  const [, device, flags] = label === "LINK" ? (/^\d+: ([^:@]+)[^<]*<([^>]*)>/.exec(rest) ?? []) : [];
  const text = rest.replace(/\\.*/, "").replace(/\s+/g, " ").trim().slice(0, LONGEST_TEXT);
  const carrier =
    device !== undefined && flags !== undefined
      ? { device, isThere: flags.split(",").includes("LOWER_UP") }
      : undefined;
  return { text, isSetting: label === "NETCONF", carrier };
}
