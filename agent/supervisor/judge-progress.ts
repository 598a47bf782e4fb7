/** Whether the agent does its work, as far as that is in its own hands. */

export interface Progress {
  /** Since heartbeats were last done with: sent, or withheld for a reason that is not the agent's. */
  readonly sinceHeartbeatMs: number;
  readonly heartbeatIntervalMs: number;
  /** HAProxys that have not answered the agent's last question, and whether they answer somebody else. */
  readonly silent: readonly { readonly id: string; readonly answersOthers: boolean }[];
}

/** So many heartbeats may be missing: a controller gives an amphora up after six, by default. */
const MISSED = 3;
/** A machine may stand still for this long. */
const LEAST_MS = 10_000;

/** @returns what does not go on; undefined when all does */
export function judgeProgress({
  sinceHeartbeatMs,
  heartbeatIntervalMs,
  silent,
}: Progress): string | undefined {
  if (sinceHeartbeatMs > Math.max(heartbeatIntervalMs * MISSED, LEAST_MS)) {
    return `no heartbeat for ${Math.round(sinceHeartbeatMs / 1_000)} s`;
  }
  // One that answers nobody hangs itself: a new agent would get no answer either.
  const unheard = silent.find(({ answersOthers }) => answersOthers);
  return unheard && `HAProxy of ${unheard.id} answers, but not this agent`;
}
