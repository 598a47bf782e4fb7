/** What the checks have to look at, as data. */
import { quoteWord } from "./encode-shell.ts";

export interface Checked {
  /** Runtime sockets of the HAProxys that are meant to run. */
  readonly sockets: readonly string[];
  readonly hasLvsListeners: boolean;
}

/**
 * Content of the check of HAProxy (docs/contract/rest-api.md, 2.7). What was stopped on purpose is not looked
 * at, and an amphora with nothing that should run must not hold the VIP (section 7, row 18).
 * @returns undefined when there must be no such check: LVS listeners have their own
 */
export function planHaproxyCheck({ sockets, hasLvsListeners }: Checked): string | undefined {
  if (sockets.length > 0) return `haproxy-vrrp-check ${sockets.map(quoteWord).join(" ")}; exit $?`;
  return hasLvsListeners ? undefined : "exit 1";
}
