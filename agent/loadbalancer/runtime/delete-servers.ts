/** Servers that take no requests any more are deleted when the last one has been answered. */
import { AgentError } from "../../errors.ts";
import type { AdminSession } from "./admin-session.ts";
import { encodeAddress, serverOf } from "./encode-commands.ts";
import { parseConnections } from "./parse-connections.ts";
import { parseServersState } from "./parse-servers-state.ts";
import type { ServerName } from "./types.ts";

/** What `del server` says of a server that somebody uses. */
const IN_USE = /still has connections/;
const NOT_THERE = /^No such (?:server|backend)/;

/**
 * One look at servers that are in maintenance.
 * @param round - from 1; another one each time
 * @returns those that are still in use
 * @throws AgentError when HAProxy refuses for another reason
 */
export async function deleteUnused<Name extends ServerName>(
  session: AdminSession,
  servers: readonly Name[],
  round: number,
): Promise<Name[]> {
  const used: Name[] = [];
  for (const [backend, ofBackend] of Map.groupBy(servers, (server) => server.backend)) {
    const connections = parseConnections(await session.ask(`show servers conn ${backend}`));
    for (const server of ofBackend) {
      const { used: open = 0, idle = 0 } = connections.get(serverOf(server)) ?? {};
      if (open === 0 && idle > 0) await closeIdle(session, server, round);
      if (open > 0 || idle > 0 || !(await isDeleted(session, server))) used.push(server);
    }
  }
  return used;
}

/**
 * HAProxy deletes no server with connections that wait for requests, and has no command that closes them; another
 * address does, a moment later. Nobody uses it: the server is in maintenance and has no other connection.
 * @param round - an address that is the same closes nothing
 */
async function closeIdle(session: AdminSession, server: ServerName, round: number): Promise<void> {
  const states = parseServersState(await session.ask(`show servers state ${server.backend}`));
  const state = states.find(({ name }) => name === server.name);
  if (!state) throw new AgentError("conflict", `${serverOf(server)} is not there`);
  await session.obey([encodeAddress(serverOf(server), state.address, 1 + (round % 2))]);
}

async function isDeleted(session: AdminSession, server: ServerName): Promise<boolean> {
  const said = await session.ask(`del server ${serverOf(server)}`);
  // An agent that was killed may have deleted it without being able to say so.
  if (said === "Server deleted." || NOT_THERE.test(said)) return true;
  if (IN_USE.test(said)) return false;
  throw new AgentError("commandFailed", `HAProxy did not delete ${serverOf(server)}`, { details: said });
}
