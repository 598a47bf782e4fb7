/** Changes made in a running HAProxy, and looked at afterwards. */
import { setTimeout as sleep } from "node:timers/promises";
import { AgentError } from "../../errors.ts";
import type { AdminSession } from "./admin-session.ts";
import { encodeAddress, encodeCommands, serverOf } from "./encode-commands.ts";
import { parseConnections } from "./parse-connections.ts";
import { parseServersState } from "./parse-servers-state.ts";
import { findMismatch } from "./plan-verification.ts";
import type { Change, Section } from "./types.ts";

type Deletion = Extract<Change, { kind: "server.delete" }>;

/** Requests that a leaving member is still answering may take that long; longer ones end on an old worker. */
const LEAVING_MS = 1_000;
const PAUSE_MS = 10;
/** What `del server` says of a server that somebody uses. */
const IN_USE = /still has connections/;

/**
 * @param sections - of the configuration that HAProxy is to have then
 * @throws AgentError when HAProxy refuses one, a member that leaves is still in use, or HAProxy afterwards shows
 * anything else: then only a reload brings it into a known state
 */
export async function applyChanges(
  session: AdminSession,
  changes: readonly Change[],
  sections: readonly Section[],
): Promise<void> {
  await session.obey(changes.flatMap(encodeCommands));
  await deleteServers(
    session,
    changes.filter((change) => change.kind === "server.delete"),
  );
  await verify(session, changes, sections);
}

/** Servers that take no requests any more are deleted when the last one has been answered. */
async function deleteServers(session: AdminSession, deletions: readonly Deletion[]): Promise<void> {
  const deadline = performance.now() + LEAVING_MS;
  let left = deletions;
  for (let round = 1; left.length > 0; round += 1) {
    const used: Deletion[] = [];
    for (const [backend, servers] of Map.groupBy(left, (deletion) => deletion.backend)) {
      const connections = parseConnections(await session.ask(`show servers conn ${backend}`));
      for (const server of servers) {
        const { used: open = 0, idle = 0 } = connections.get(serverOf(server)) ?? {};
        if (open === 0 && idle > 0) await closeIdle(session, server, round);
        if (open > 0 || idle > 0 || !(await isDeleted(session, server))) used.push(server);
      }
    }
    left = used;
    const [one] = left;
    if (one && performance.now() > deadline) {
      throw new AgentError("conflict", `${serverOf(one)} still has connections`);
    }
    if (one) await sleep(PAUSE_MS);
  }
}

/**
 * HAProxy deletes no server with connections that wait for requests, and has no command that closes them; another
 * address does, a moment later. Nobody uses it: the server is in maintenance and has no other connection.
 * @param round - another one each time: an address that is the same closes nothing
 */
async function closeIdle(session: AdminSession, server: Deletion, round: number): Promise<void> {
  const states = parseServersState(await session.ask(`show servers state ${server.backend}`));
  const state = states.find(({ name }) => name === server.name);
  if (!state) throw new AgentError("conflict", `${serverOf(server)} is not there`);
  await session.obey([encodeAddress(serverOf(server), state.address, 1 + (round % 2))]);
}

async function isDeleted(session: AdminSession, server: Deletion): Promise<boolean> {
  const said = await session.ask(`del server ${serverOf(server)}`);
  if (said === "Server deleted.") return true;
  if (IN_USE.test(said)) return false;
  throw new AgentError("commandFailed", `HAProxy did not delete ${serverOf(server)}`, { details: said });
}

async function verify(
  session: AdminSession,
  changes: readonly Change[],
  sections: readonly Section[],
): Promise<void> {
  const backends = new Set(changes.flatMap((change) => ("backend" in change ? change.backend : [])));
  for (const backend of backends) {
    const section = sections.find(({ header }) => header[0] === "backend" && header[1] === backend);
    const states = parseServersState(await session.ask(`show servers state ${backend}`));
    const mismatch = section ? findMismatch(section, states) : "it is not configured";
    if (mismatch !== undefined) throw new AgentError("conflict", `${backend}: ${mismatch}`);
  }
  for (const change of changes) {
    if (change.kind !== "frontend.maxconn") continue;
    const limit = await readLimit(session, change.frontend);
    if (limit !== change.limit)
      throw new AgentError("conflict", `${change.frontend} has a maxconn of ${limit}`);
  }
}

async function readLimit(session: AdminSession, frontend: string): Promise<number> {
  const [header = "", row = ""] = (await session.ask(`show stat ${frontend} 1 -1`)).split("\n");
  return Number(row.split(",")[header.split(",").indexOf("slim")]);
}
