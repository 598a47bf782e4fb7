/** What becomes of servers that were removed while clients still used them. */

import { layoutOf } from "../layout.ts";
import type { LoadBalancerId } from "../types.ts";
import { AdminSession, isSameWorker } from "./admin-session.ts";
import { deleteUnused } from "./delete-servers.ts";
import { serverOf } from "./encode-commands.ts";
import { readLeaving, writeLeaving } from "./leaving-record.ts";
import type { ReloadContext } from "./reload.ts";
import type { LeavingServer } from "./types.ts";

const ANSWERS_MS = 5_000;

type LeavingContext = Pick<ReloadContext, "basePath" | "limits" | "leaving" | "logger">;

/**
 * Deletes those that nobody uses any more. Clients may stay as long as they may with a worker that a reload has
 * replaced: that is where the server would be otherwise.
 * @returns how many there still are
 */
export async function finishLeaving(context: LeavingContext, id: LoadBalancerId): Promise<number> {
  const layout = layoutOf(context.basePath, id);
  let servers: readonly LeavingServer[] = [];
  try {
    const record = await readLeaving(layout);
    if (!record) return tell(context, id, []);
    servers = record.servers;
    using session = new AdminSession(layout.adminSocket, ANSWERS_MS);
    const identity = await session.identify();
    // Another worker never had them.
    if (!identity || !isSameWorker(identity.worker, record.worker)) {
      await writeLeaving(layout, { ...record, servers: [] });
      return tell(context, id, []);
    }
    await endSessions(session, record.servers, context.limits.haproxyOldWorkerSeconds);
    servers = await deleteUnused(session, record.servers, 1 + (Math.floor(Date.now() / 1_000) % 2));
    await writeLeaving(layout, { ...record, servers });
  } catch (err) {
    const fields = { event: "haproxy.server.unfinished", lbId: id, err };
    context.logger.warn(fields, "servers that have left cannot be looked at");
  }
  return tell(context, id, servers);
}

async function endSessions(
  session: AdminSession,
  servers: readonly LeavingServer[],
  ageSeconds: number,
): Promise<void> {
  if (ageSeconds === 0) return;
  const old = servers.filter(({ since }) => Date.now() - since >= ageSeconds * 1_000);
  await session.obey(
    old.map((server) => ({ text: `shutdown sessions server ${serverOf(server)}`, expected: /^$/ })),
  );
}

function tell(context: LeavingContext, id: LoadBalancerId, servers: readonly LeavingServer[]): number {
  context.leaving(id, new Set(servers.map(serverOf)));
  return servers.length;
}
