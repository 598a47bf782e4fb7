/** What HAProxy works with against what was uploaded, for operators: nothing changes. */
import { AgentError, systemErrorCode } from "../../errors.ts";
import { readIfPresent } from "../../system/files.ts";
import { type Layout, layoutOf } from "../layout.ts";
import type { LoadBalancerId } from "../types.ts";
import { AdminSession, type Identity, isSameWorker } from "./admin-session.ts";
import { compare } from "./compare.ts";
import { readLeaving } from "./leaving-record.ts";
import { readRecord } from "./record-file.ts";
import { renderDifferences } from "./render-differences.ts";
import type { Difference } from "./types.ts";

const ANSWER_TIMEOUT_MS = 5_000;

export interface Outlook {
  /** In words; none when both are the same. */
  readonly changes: readonly string[];
  readonly differences: readonly Difference[];
  /** What a reload would come to. */
  readonly reload: "nothing" | "runtime" | "reload";
  /** Why it would be HAProxy's own. */
  readonly reason?: string;
}

/** @throws AgentError `unavailable` when it is not known what HAProxy works with, or it does not answer */
export async function readOutlook(basePath: string, id: LoadBalancerId): Promise<Outlook> {
  const layout = layoutOf(basePath, id);
  const [record, identity, config] = await Promise.all([
    readRecord(layout),
    identify(layout),
    readIfPresent(layout.config),
  ]);
  if (!record || !isSameWorker(record.worker, identity.worker)) {
    throw new AgentError(
      "unavailable",
      "what HAProxy works with is not known: it was started without the agent, or has started anew since",
    );
  }
  const comparison = await compare(record, config?.toString("utf8") ?? "", {
    agentConfig: layout.agentConfig,
    version: identity.version,
    leaving: (await readLeaving(layout))?.servers ?? [],
  });
  if (typeof comparison === "string")
    return { changes: [], differences: [], reload: "reload", reason: comparison };
  const { differences, plan } = comparison;
  const changes = renderDifferences(differences);
  if ("reason" in plan) return { changes, differences, reload: "reload", reason: plan.reason };
  return { changes, differences, reload: plan.changes.length === 0 ? "nothing" : "runtime" };
}

async function identify({ adminSocket }: Layout): Promise<Identity> {
  try {
    using session = new AdminSession(adminSocket, ANSWER_TIMEOUT_MS);
    const identity = await session.identify();
    if (identity) return identity;
  } catch (cause) {
    if (systemErrorCode(cause) === "EACCES")
      throw new AgentError("unavailable", "only root may ask; try sudo", { cause });
    throw new AgentError("unavailable", "HAProxy does not answer on the agent's socket", { cause });
  }
  throw new AgentError("unavailable", "HAProxy is being reloaded");
}
