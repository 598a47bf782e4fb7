/** Changes made in a running HAProxy, and looked at afterwards. */
import { setTimeout as sleep } from "node:timers/promises";
import { AgentError } from "../../errors.ts";
import { StatsRows } from "../stats-rows.ts";
import type { AdminSession } from "./admin-session.ts";
import { deleteUnused } from "./delete-servers.ts";
import { encodeCommands } from "./encode-commands.ts";
import { parseServersState } from "./parse-servers-state.ts";
import { findMismatch } from "./plan-verification.ts";
import { storeCertificates, verifyCertificates, verifyList } from "./store-certificates.ts";
import type { Change, Files, Section, ServerName } from "./types.ts";

/** Most requests that a leaving member is still answering take no longer; others go on without it being waited for. */
const LEAVING_MS = 200;
const PAUSE_MS = 10;

export interface Wanted {
  /** Of the configuration that HAProxy is to have then. */
  readonly sections: readonly Section[];
  /** Servers of earlier changes that are still in use. */
  readonly leaving: readonly ServerName[];
  readonly files: Files;
}

/**
 * @returns servers that are not configured any more and that clients still use: in maintenance
 * @throws AgentError when HAProxy refuses a change, or afterwards shows anything else: then only a reload brings it into a
 * known state
 */
export async function applyChanges(
  session: AdminSession,
  changes: readonly Change[],
  { sections, leaving, files }: Wanted,
): Promise<ServerName[]> {
  const certificates = changes.filter((change) => change.kind === "certificate.set");
  await storeCertificates(session, certificates);
  await session.obey(changes.flatMap(encodeCommands));
  await verifyCertificates(session, certificates);
  for (const list of new Set(changes.flatMap((change) => ("list" in change ? change.list : []))))
    await verifyList(session, list, files.lists[list] ?? []);
  const deletions = changes.filter((change) => change.kind === "server.delete");
  // Those of earlier changes have been waited for.
  const left = [...(await deleteUnused(session, leaving, 1)), ...(await deleteServers(session, deletions))];
  await verify(session, changes, { sections, leaving: left });
  return left.map(({ backend, name }) => ({ backend, name }));
}

async function deleteServers(session: AdminSession, servers: readonly ServerName[]): Promise<ServerName[]> {
  const deadline = performance.now() + LEAVING_MS;
  let left = [...servers];
  for (let round = 1; left.length > 0; round += 1) {
    left = await deleteUnused(session, left, round);
    if (performance.now() > deadline) break;
    if (left.length > 0) await sleep(PAUSE_MS);
  }
  return left;
}

async function verify(
  session: AdminSession,
  changes: readonly Change[],
  { sections, leaving }: Omit<Wanted, "files">,
): Promise<void> {
  const backends = new Set(changes.flatMap((change) => ("backend" in change ? change.backend : [])));
  for (const backend of backends) {
    const section = sections.find(({ header }) => header[0] === "backend" && header[1] === backend);
    const others = new Set(leaving.filter((server) => server.backend === backend).map(({ name }) => name));
    const states = parseServersState(await session.ask(`show servers state ${backend}`)).filter(
      ({ name }) => !others.has(name),
    );
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

const LIMIT_COLUMNS = ["pxname", "slim"] as const;

async function readLimit(session: AdminSession, frontend: string): Promise<number> {
  const rows = new StatsRows(Buffer.from(`${await session.ask(`show stat ${frontend} 1 -1`)}\n\n`));
  const columns = rows.open(LIMIT_COLUMNS);
  const row = columns && rows.next();
  return Number(row?.[columns?.slim ?? -1]);
}
