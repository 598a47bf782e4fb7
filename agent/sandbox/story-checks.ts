/** What several steps of the story look for. */
import type { LoadReport } from "./actor-messages.ts";
import { BACKENDS } from "./scene.ts";
import type { Stage } from "./stage.ts";
import { memberStatus } from "./story-config.ts";
import { until } from "./wait.ts";

/** For what a monitor or a heartbeat has to notice first. */
export const STATUS_TIMEOUT_MS = 15_000;

/** `status` is a beginning: `UP 1/2` counts as UP, as a controller reads it (docs/contract/heartbeat.md, section 8). */
export async function statusBecomes(
  { health, signal }: Stage,
  memberId: string,
  status: string,
): Promise<void> {
  const current = () => memberStatus(health.latest, memberId) ?? "absent";
  await until(`a heartbeat says ${status} of member ${memberId}`, () => current().startsWith(status), {
    ...{ timeoutMs: STATUS_TIMEOUT_MS, signal },
    seen: () => `it says ${current()}`,
  });
}

/** Both members have answered `count` requests more than `before`. */
export async function bothAnswer({ load, signal }: Stage, before: LoadReport, count: number): Promise<void> {
  const answered = () =>
    BACKENDS.every(({ name }) => (difference(load.latest, before).byBackend[name] ?? 0) >= count);
  await until("both members answer", answered, {
    ...{ timeoutMs: STATUS_TIMEOUT_MS, signal },
    seen: () => JSON.stringify(difference(load.latest, before)),
  });
}

/** Stops the load. @returns what was sent and answered since `before`. @throws Error with the reasons of failures */
export async function settledWithoutFailure({ load, signal }: Stage, before: LoadReport) {
  const after = difference(await load.settle(signal), before);
  if (after.failed > 0)
    throw new Error(`${after.failed} of ${after.sent} requests failed (${JSON.stringify(after.reasons)})`);
  return after;
}

function difference(after: LoadReport, before: LoadReport) {
  return {
    sent: after.sent - before.sent,
    failed: after.failed - before.failed,
    byBackend: counted(after.byBackend, before.byBackend),
    reasons: counted(after.reasons, before.reasons),
  };
}

function counted(after: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>) {
  const changes = Object.entries(after).map(([key, count]) => [key, count - (before[key] ?? 0)] as const);
  return Object.fromEntries(changes.filter(([, count]) => count !== 0)) as Partial<Record<string, number>>;
}
