/**
 * How a stored configuration takes effect (docs/contract/rest-api.md, 2.4): by changes of the HAProxy that runs when
 * its runtime API can make them, otherwise by HAProxy's own reload. Loaded when the first load balancer is started.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { AgentError, asError, failingAs, systemErrorCode } from "../../errors.ts";
import type { Supervisor } from "../../supervisor/types.ts";
import { readIfPresent, replaceFile, replaceFileUnsynced } from "../../system/files.ts";
import type { Logger } from "../../system/logger.ts";
import { removeFile } from "../../system/removal.ts";
import type { Try } from "../../system/run.ts";
import { linkOver } from "../../system/staged-file.ts";
import type { Ask } from "../../system/unix-socket.ts";
import { agentConfigArguments } from "../agent-config.ts";
import { groupFileArguments } from "../group-file.ts";
import { type Layout, layoutOf } from "../layout.ts";
import type { ChangeResult, LoadBalancerId, WorkerLimits } from "../types.ts";
import { AdminSession, isSameWorker } from "./admin-session.ts";
import { applyChanges } from "./apply-changes.ts";
import { compare } from "./compare.ts";
import { serverOf } from "./encode-commands.ts";
import { addToHistory } from "./history.ts";
import { readLeaving, writeLeaving } from "./leaving-record.ts";
import { endOldWorkers } from "./old-workers.ts";
import { parseSections } from "./parse-sections.ts";
import { type ServerState, settledServersState } from "./parse-servers-state.ts";
import { isSamePlace } from "./plan-verification.ts";
import { readFiles } from "./read-files.ts";
import { forgetRecord, readRecord, writeRecord } from "./record-file.ts";
import { rehearse } from "./rehearse.ts";
import { renderDifferences } from "./render-differences.ts";
import type {
  Difference,
  Files,
  HistoryEntry,
  LeavingServer,
  RunningRecord,
  ServerName,
  Worker,
} from "./types.ts";

/** A change that takes longer than this is quicker with a reload. */
const CHANGES_TIMEOUT_MS = 8_000;
const CHECK_TIMEOUT_MS = 10_000;
const SAVE_STATE_TIMEOUT_MS = 5_000;
/** A new worker answers on the socket as soon as the old one has let go of it. */
const NEW_WORKER_MS = 2_000;
const PAUSE_MS = 10;
/** Conditions of a worker that has just let go of the socket. */
const GOING = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE"]);
const CONFIG_MODE = 0o600;

export interface ReloadContext {
  readonly basePath: string;
  readonly haproxyCmd: string;
  readonly limits: WorkerLimits;
  readonly tryRun: Try;
  readonly supervisor: Supervisor;
  readonly ask: Ask;
  /** Told before a reload; a failure is no reason not to reload. */
  readonly replacing: ((id: LoadBalancerId) => Promise<void>) | undefined;
  /** Told when a worker has been replaced by another one. */
  readonly replaced: (id: LoadBalancerId) => void;
  readonly changeMade?: ((how: ChangeResult) => void) | undefined;
  /** Told which servers HAProxy has for their clients' sake alone, as `<backend>/<server>`. */
  readonly leaving: (id: LoadBalancerId, servers: ReadonlySet<string>) => void;
  readonly logger: Logger;
}

/** What came of the attempt without a reload. */
interface Attempt {
  /** Undefined when there has to be a reload. */
  readonly how?: "runtime" | "unchanged";
  readonly reason?: string;
  readonly differences: readonly Difference[];
  /** What HAProxy worked with before, as far as it is known for certain. */
  readonly before?: RunningRecord;
  /** Some of the changes may have been made. */
  readonly isDisturbed?: boolean;
}

/** @throws AgentError `commandFailed` with HAProxy's words; then it goes on with what it worked with before */
export async function reloadLoadBalancer(context: ReloadContext, id: LoadBalancerId): Promise<void> {
  const layout = layoutOf(context.basePath, id);
  const at = new Date();
  const startedAt = performance.now();
  const text = (await readIfPresent(layout.config))?.toString("utf8") ?? "";
  const { how, reason, differences, before, isDisturbed } = await attempt(context, id, text);
  const changes = renderDifferences(differences);
  const note = (entry: Pick<HistoryEntry, "how" | "reason">): Promise<void> =>
    keepHistory(context, id, { at: at.toISOString(), changes, durationMs: since(startedAt), ...entry });
  if (how === undefined) {
    context.logger.info({ event: "haproxy.reload.needed", lbId: id, reason }, "haproxy has to be reloaded");
    try {
      if (before) await rehearse(layout, before, text, context);
      await reloadWhole(context, id, text);
    } catch (failure) {
      const error = await inItsOwnWords(context, layout, failure);
      if (before) await rollBack(context, id, isDisturbed ? { text: before.text } : before);
      context.changeMade?.("failed");
      await note({ how: before ? "rolled back" : "failed", reason: wordsOf(error) });
      throw error;
    }
  }
  // A HAProxy that crashes starts with what is stored: with members' states of before this change too.
  else await saveServersState(context, id, parseSections(text));
  // What changes nothing would only push real changes out of the history.
  if (how !== "unchanged") await note({ how: how ?? "reload", ...(reason !== undefined && { reason }) });
  context.changeMade?.(how ?? "reload");
  const event = `haproxy.${how ?? "reload"}.done`;
  context.logger.info({ event, lbId: id, durationMs: since(startedAt), changes }, "haproxy action done");
}

/** To be called when a HAProxy that did not run was started: it works with what is stored. */
export async function rememberStart(context: ReloadContext, id: LoadBalancerId): Promise<void> {
  const layout = layoutOf(context.basePath, id);
  const text = (await readIfPresent(layout.config))?.toString("utf8") ?? "";
  const sections = parseSections(text);
  const files = await filesOf(layout, sections);
  await leaveWithTheirWorker(context, id);
  await remember(context, id, { text, sections, files });
  const entry = { at: new Date().toISOString(), how: "start", changes: [], durationMs: 0 } as const;
  await keepHistory(context, id, entry);
}

async function attempt(context: ReloadContext, id: LoadBalancerId, text: string): Promise<Attempt> {
  const layout = layoutOf(context.basePath, id);
  const before = await readRecord(layout);
  if (!before) return { reason: "what it works with is not known", differences: [] };
  let differences: readonly Difference[] = [];
  let isDisturbed = false;
  try {
    using session = new AdminSession(layout.adminSocket, CHANGES_TIMEOUT_MS);
    const identity = await session.identify();
    if (!identity || !isSameWorker(identity.worker, before.worker)) {
      return { reason: "it was started anew in the meantime", differences };
    }
    const { worker, version } = identity;
    const present = await readLeaving(layout);
    const leaving = present && isSameWorker(present.worker, worker) ? present.servers : [];
    const comparison = await compare(before, text, { ...layout, version, leaving });
    if (typeof comparison === "string") return { reason: comparison, differences, before };
    const { sections, files, plan } = comparison;
    differences = comparison.differences;
    if ("reason" in plan) return { reason: plan.reason, differences, before };
    if (text === before.text && plan.changes.length === 0) return { how: "unchanged", differences };
    await forgetRecord(layout);
    isDisturbed = true;
    const left = await applyChanges(session, plan.changes, { sections, leaving, files });
    const servers = left.map((server) => ({ ...server, since: sinceWhen(server, leaving) }));
    await writeLeaving(layout, { worker, servers });
    context.leaving(id, new Set(servers.map(serverOf)));
    await writeRecord(layout, { worker, text, files });
    return { how: plan.changes.length === 0 ? "unchanged" : "runtime", differences };
  } catch (error) {
    return { reason: wordsOf(error), differences, before, ...(isDisturbed && { isDisturbed }) };
  }
}

function sinceWhen({ backend, name }: ServerName, leaving: readonly LeavingServer[]): number {
  const known = leaving.find((server) => server.backend === backend && server.name === name);
  return known?.since ?? Date.now();
}

async function reloadWhole(context: ReloadContext, id: LoadBalancerId, text: string): Promise<void> {
  const layout = layoutOf(context.basePath, id);
  const sections = parseSections(text);
  const [files, present] = [await filesOf(layout, sections), await identify(layout)];
  const old = present === "nobody" ? undefined : present;
  await forgetRecord(layout);
  await saveServersState(context, id, sections);
  await announceReload(context, id);
  await failingAs("Error reloading haproxy", () => context.supervisor.reload({ kind: "haproxy", id }));
  context.replaced(id);
  await leaveWithTheirWorker(context, id);
  await remember(context, id, { text, sections, files, old });
  await endOldWorkers(context, layout.masterSocket);
}

/** A new worker has only servers that are configured. */
async function leaveWithTheirWorker({ basePath, leaving }: ReloadContext, id: LoadBalancerId): Promise<void> {
  await removeFile(layoutOf(basePath, id).leaving);
  leaving(id, new Set());
}

async function announceReload({ replacing, logger }: ReloadContext, id: LoadBalancerId): Promise<void> {
  try {
    await replacing?.(id);
  } catch (err) {
    const event = "haproxy.worker.unheld";
    logger.warn({ event, lbId: id, err }, "what the worker counts from now on until it ends is lost");
  }
}

/** systemctl does not tell what HAProxy did not like, as a file that cannot be read any more; HAProxy tells again. */
async function inItsOwnWords(
  { haproxyCmd, tryRun }: ReloadContext,
  layout: Layout,
  failure: unknown,
): Promise<unknown> {
  if (!(failure instanceof AgentError) || failure.details?.includes("[ALERT]")) return failure;
  const others = [...(await groupFileArguments()), ...(await agentConfigArguments(layout))];
  const options = { timeoutMs: CHECK_TIMEOUT_MS };
  const { exitCode, output } = await tryRun(haproxyCmd, ["-c", "-f", layout.config, ...others], options);
  if (exitCode === 0) return failure;
  return new AgentError(failure.code, failure.message, { details: output, cause: failure });
}

/**
 * Puts back what HAProxy goes on with, so that it would start with it too; what it refused is kept for the operator.
 * @param before - the whole record when HAProxy still works with exactly that
 */
async function rollBack(
  context: ReloadContext,
  id: LoadBalancerId,
  before: RunningRecord | Pick<RunningRecord, "text">,
): Promise<void> {
  const layout = layoutOf(context.basePath, id);
  await linkOver(layout.config, layout.rejected);
  await replaceFile(layout.config, before.text, CONFIG_MODE);
  if ("worker" in before) await writeRecord(layout, before);
  const event = "haproxy.config.rolled-back";
  context.logger.warn({ event, lbId: id, file: layout.rejected }, "the configuration that ran last is back");
}

/** Keeps members' states across a reload or a crash (2.4, step 3); without it they are checked anew. */
async function saveServersState(
  { ask, basePath, logger }: ReloadContext,
  id: LoadBalancerId,
  sections: Sections,
): Promise<void> {
  const { socket, serversState } = layoutOf(basePath, id);
  try {
    const answer = await ask(socket, "show servers state", { timeoutMs: SAVE_STATE_TIMEOUT_MS });
    const state = settledServersState(answer.toString("utf8").trimEnd(), isWantedIn(sections));
    await replaceFileUnsynced(serversState, `${state}\n`, 0o644);
  } catch (err) {
    const event = "haproxy.servers-state.failed";
    logger.warn({ event, lbId: id, err }, "server states not saved, reloading without them");
  }
}

/** A server that the agent does not understand keeps its state, as without the agent. */
function isWantedIn(sections: Sections): (state: ServerState) => boolean {
  const pools = (sections ?? []).filter(({ header }) => header[0] === "backend");
  const backends = new Map(
    pools.map(({ header, servers }) => [header[1], new Map(servers.map((server) => [server.name, server]))]),
  );
  return (state) => {
    const server = backends.get(state.backend)?.get(state.name);
    return server === undefined || isSamePlace(server, state);
  };
}

/** Of a configuration; undefined for one that the agent does not understand. */
type Sections = ReturnType<typeof parseSections>;

interface Loaded {
  readonly text: string;
  readonly sections: Sections;
  /** Of before HAProxy read them. */
  readonly files: Files | undefined;
  /** The worker that it is not any more. */
  readonly old?: Worker | undefined;
}

/** Without a record the next reload is HAProxy's own, which is always right. */
async function remember(context: ReloadContext, id: LoadBalancerId, loaded: Loaded): Promise<void> {
  const { text, sections, files, old } = loaded;
  const layout = layoutOf(context.basePath, id);
  try {
    const worker = await newWorker(layout, old);
    const isSettled = JSON.stringify(await filesOf(layout, sections)) === JSON.stringify(files);
    if (worker && files && isSettled) await writeRecord(layout, { worker, text, files });
  } catch (err) {
    context.logger.warn(
      { event: "haproxy.running.unknown", lbId: id, err },
      "what haproxy works with is not noted",
    );
  }
}

async function newWorker(layout: Layout, old: Worker | undefined): Promise<Worker | undefined> {
  const deadline = performance.now() + NEW_WORKER_MS;
  while (performance.now() < deadline) {
    const worker = await identify(layout);
    if (worker === "nobody") return undefined;
    if (worker && !(old && isSameWorker(worker, old))) return worker;
    await sleep(PAUSE_MS);
  }
  return undefined;
}

/** @returns undefined for a worker that is going; "nobody" for a HAProxy that was started without the agent's file */
async function identify({ adminSocket }: Layout): Promise<Worker | "nobody" | undefined> {
  try {
    using session = new AdminSession(adminSocket, NEW_WORKER_MS);
    return (await session.identify())?.worker;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return "nobody";
    if (error instanceof AgentError || GOING.has(systemErrorCode(error) ?? "")) return undefined;
    throw error;
  }
}

async function filesOf({ agentConfig }: Layout, sections: Sections): Promise<Files | undefined> {
  return sections && readFiles(sections, agentConfig);
}

/** A history that cannot be written must not make a change fail that has been made. */
async function keepHistory(
  { basePath, logger }: ReloadContext,
  id: LoadBalancerId,
  entry: HistoryEntry,
): Promise<void> {
  try {
    await addToHistory(layoutOf(basePath, id), entry);
  } catch (err) {
    logger.warn({ event: "haproxy.history.failed", lbId: id, err }, "change not noted in the history");
  }
}

function wordsOf(error: unknown): string {
  const { message } = asError(error);
  const details = error instanceof AgentError ? error.details : undefined;
  return details ? `${message}: ${details}` : message;
}

function since(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
