/** Reads the agent's own figures. What costs a look outside of the process is remembered for some seconds. */
import process from "node:process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { NAMESPACE_HANDLE } from "../config/paths.ts";
import type { Config, SupervisorKind } from "../config/types.ts";
import { AgentError } from "../errors.ts";
import { layoutOf } from "../loadbalancer/layout.ts";
import { listLoadBalancers } from "../loadbalancer/list.ts";
import { MasterSocket } from "../supervisor/master-socket.ts";
import type { Clock } from "../system/clock.ts";
import { readDisk } from "../system/disk.ts";
import { namesIn, readIfPresent } from "../system/files.ts";
import { readNamespaceFile } from "../system/namespace-file.ts";
import { runningPid } from "../system/processes.ts";
import { ask } from "../system/unix-socket.ts";
import { programVersion } from "../versions.ts";
import type { VrrpInstance } from "../vrrp/types.ts";
import { attempt } from "./attempt.ts";
import { encodeFigures } from "./encode-figures.ts";
import type { Counts, Looked, Usage, WorkerCount } from "./figures.ts";
import { parseFileCount, parseTrackedConnections } from "./parse-usage.ts";
import { readCertificates } from "./read-certificates.ts";

export interface FigureSources {
  readonly config: () => Config;
  readonly supervisor: SupervisorKind;
  readonly counts: () => Counts;
  readonly vrrp: () => Promise<readonly VrrpInstance[] | undefined>;
  readonly clock: Clock;
}

/** Nobody scrapes more often than this for what changes more slowly. */
const LOOK_MS = 5_000;
const CERTIFICATES_MS = 60_000;
const CONNTRACK_LIMIT_FILE = "/proc/sys/net/netfilter/nf_conntrack_max";

/**
 * @returns a reader of all figures as metrics; `waitedMs` is how long the question for them has waited to be heard,
 * if that is known
 */
export function createFigureReader(sources: FigureSources): (waitedMs?: number) => Promise<string> {
  const { config, supervisor, counts, vrrp, clock } = sources;
  const workers = remembered(clock, LOOK_MS, () => readWorkers(config()));
  const roles = remembered(clock, LOOK_MS, async () => (await vrrp()) ?? []);
  const conntrack = remembered(clock, LOOK_MS, () => readConntrack(config()));
  const files = remembered(clock, LOOK_MS, readFiles);
  const disk = remembered(clock, LOOK_MS, () => readDisk(config().basePath));
  const certificates = remembered(clock, CERTIFICATES_MS, () => readExpiry(config()));
  const look = async (): Promise<Looked> => {
    const found = await Promise.all([workers(), roles(), conntrack(), files(), disk(), certificates()]);
    return {
      workers: found[0],
      vrrp: found[1],
      conntrack: found[2],
      files: found[3],
      disk: found[4],
      certificates: found[5],
    };
  };
  const version = programVersion();
  return async (waitedMs) => {
    const asked = clock.now();
    if (waitedMs === undefined) await nextTurn();
    const eventLoopLagMs = waitedMs ?? clock.now() - asked;
    const looked = await look();
    const { user, system } = process.cpuUsage();
    return encodeFigures({
      ...counts(),
      version: await version,
      supervisor,
      startedAt: performance.timeOrigin,
      residentBytes: process.memoryUsage.rss(),
      cpuSeconds: (user + system) / 1e6,
      eventLoopLagMs,
      looked,
    });
  };
}

type Reading<T> = () => ReturnType<typeof attempt<T>>;

/** Reads again when the last reading is older than `ageMs`; those who ask meanwhile wait for the same one. */
function remembered<T>(clock: Clock, ageMs: number, read: () => Promise<T>): Reading<T> {
  let last: { readonly atMs: number; readonly result: ReturnType<typeof attempt<T>> } | undefined;
  return () => {
    const now = clock.now();
    if (!last || now - last.atMs >= ageMs) last = { atMs: now, result: attempt(read) };
    return last.result;
  };
}

async function readWorkers({ basePath, haproxyCmd }: Config): Promise<WorkerCount[]> {
  const ids = await listLoadBalancers(basePath);
  return Promise.all(
    ids.map(async (id) => {
      const { pidFile, masterSocket } = layoutOf(basePath, id);
      const none = { loadBalancerId: id, current: 0, old: 0 };
      if ((await runningPid(pidFile, haproxyCmd)) === undefined) return none;
      const processes = await new MasterSocket(masterSocket, ask).processes();
      if (!processes) throw new AgentError("unavailable", `HAProxy's master of ${id} does not answer`);
      return { ...none, current: processes.workers.length, old: processes.oldWorkers.length };
    }),
  );
}

/** Of the namespace that HAProxy and keepalived are in; there is none to be asked while none of them runs. */
async function readConntrack({ basePath, haproxyCmd }: Config): Promise<Usage | undefined> {
  const limit = await readIfPresent(CONNTRACK_LIMIT_FILE);
  if (!limit) return undefined;
  for (const id of await listLoadBalancers(basePath)) {
    const pid = await runningPid(layoutOf(basePath, id).pidFile, haproxyCmd);
    const table = pid && (await readNamespaceFile(pid, NAMESPACE_HANDLE, "stat/nf_conntrack"));
    const used = table && parseTrackedConnections(table.toString("latin1"));
    if (used !== undefined) return { used, limit: Number(limit.toString("latin1")) };
  }
  return undefined;
}

async function readFiles(): Promise<{ machine: Usage; process: number }> {
  const [text, own] = await Promise.all([readIfPresent("/proc/sys/fs/file-nr"), namesIn("/proc/self/fd")]);
  return { machine: parseFileCount(text?.toString("latin1") ?? ""), process: own.others.size };
}

async function readExpiry(config: Config) {
  const found = await readCertificates(config);
  return found.flatMap(({ file, content }) =>
    "value" in content ? { file, notAfter: content.value.notAfter } : [],
  );
}
