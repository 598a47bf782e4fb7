/** Whether somebody keeps the clock right. */
import { findingsOf } from "./finding.ts";
import type { Finding } from "./types.ts";

const { warning } = findingsOf("clock");

/** @param properties - of `timedatectl show`; undefined where there is no systemd to ask */
export function judgeClock(properties: string | undefined): Finding[] {
  if (properties === undefined) return [];
  const has = (line: string) => properties.split("\n").includes(line);
  // Without a service that would set it, the hypervisor may: nothing is known then.
  if (!has("NTP=yes") || !has("NTPSynchronized=no")) return [];
  const text = "the clock is not synchronised, though a service should do so";
  return [warning(null, text, "timedatectl timesync-status, chronyc sources; is the time server reachable?")];
}
