/** Load balancers as the REST API sees them (docs/contract/rest-api.md, R4 to R8). */
import { setTimeout as sleep } from "node:timers/promises";
import { type Action, parseAction } from "../action.ts";
import { USER_GROUP_FILE } from "../config/paths.ts";
import type { Topology } from "../config/types.ts";
import { AgentError, failingAs } from "../errors.ts";
import type { Supervisor } from "../supervisor/types.ts";
import { isFile, readIfPresent } from "../system/files.ts";
import type { Logger } from "../system/logger.ts";
import { runningPid } from "../system/processes.ts";
import { removeDirectory, removeSocket } from "../system/removal.ts";
import { type Try, tryRun } from "../system/run.ts";
import { type Ask, ask } from "../system/unix-socket.ts";
import type { VrrpChecks } from "../vrrp/types.ts";
import { certificatesKey } from "./certificates.ts";
import { groupFileArguments } from "./group-file.ts";
import { parseLoadBalancerId } from "./ids.ts";
import { layoutOf } from "./layout.ts";
import { listLoadBalancers } from "./list.ts";
import { parseBindAddresses, parseConfig, parseStatsSocket } from "./parse-config.ts";
import { createVersionReader } from "./read-version.ts";
import type { ReloadContext } from "./runtime/reload.ts";
import type { HistoryEntry } from "./runtime/types.ts";
import type { ChangeResult, ListenerStatus, LoadBalancerId, LoadBalancers, WorkerLimits } from "./types.ts";
import { type UploadContext, uploadConfig } from "./upload.ts";

const FIRST_LOOK_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

export interface LoadBalancersOptions {
  readonly basePath: string;
  readonly certDirectory: string;
  /** The one HAProxy program: it validates, and it runs. */
  readonly haproxyCmd: string;
  readonly limits: WorkerLimits;
  /** Asked each time: an agent configuration may change it. */
  readonly topology: () => Topology;
  readonly supervisor: Supervisor;
  /** Runs one job at a time per key. */
  readonly exclusive: { run<T>(key: string, job: () => Promise<T>): Promise<T> };
  /** What keepalived looks at, with a standby. */
  readonly vrrpChecks: VrrpChecks;
  /** Announces addresses in the namespace. */
  readonly advertise: (addresses: readonly string[]) => Promise<void>;
  /** Told before a reload. */
  readonly replacing?: (id: LoadBalancerId) => Promise<void>;
  /** Told when a worker has been replaced by another one: what is connected to the old one keeps it from ending. */
  readonly replaced: (id: LoadBalancerId) => void;
  /** Told how each new configuration of a HAProxy that runs took effect. */
  readonly changeMade?: (how: ChangeResult) => void;
  /** Told which servers HAProxy has for their clients' sake alone, as `<backend>/<server>`. */
  readonly leaving?: (id: LoadBalancerId, servers: ReadonlySet<string>) => void;
  /** Called when a configuration has changed or is gone. */
  readonly changed?: () => void;
  readonly logger: Logger;
  readonly tryRun?: Try;
  readonly ask?: Ask;
}

export function createLoadBalancers(options: LoadBalancersOptions): LoadBalancers {
  return new HaproxyLoadBalancers(options);
}

class HaproxyLoadBalancers implements LoadBalancers {
  readonly #options: LoadBalancersOptions;
  readonly #reload: ReloadContext;
  readonly #upload: UploadContext;
  /** Load balancers with servers that clients still use after their removal. */
  readonly #watched = new Set<LoadBalancerId>();
  #isGroupMentioned = false;

  constructor(options: LoadBalancersOptions) {
    const { basePath, haproxyCmd, limits, supervisor, logger } = options;
    const runner = options.tryRun ?? tryRun;
    const readVersion = createVersionReader(haproxyCmd, runner);
    this.#options = options;
    this.#reload = {
      haproxyCmd,
      tryRun: runner,
      limits,
      basePath,
      supervisor,
      ask: options.ask ?? ask,
      replacing: options.replacing,
      replaced: options.replaced,
      changeMade: options.changeMade,
      leaving: (id, servers) => {
        options.leaving?.(id, servers);
        if (servers.size > 0) void this.#watch(id);
      },
      logger,
    };
    this.#upload = { basePath, haproxyCmd, limits, supervisor, logger, readVersion, tryRun: runner };
  }

  async upload(amphoraId: string, text: string, body: Buffer): Promise<void> {
    const id = parseLoadBalancerId(text);
    if (!id) throw new AgentError("invalidInput", "Invalid request", { details: "Invalid load balancer id" });
    await this.#options.exclusive.run(id, () => uploadConfig(this.#upload, amphoraId, id, body));
    this.#options.changed?.();
    await this.#mentionMissingGroup();
  }

  async download(text: string): Promise<Buffer> {
    const id = parseLoadBalancerId(text);
    const bytes = id && (await readIfPresent(this.#layout(id).config));
    if (!bytes) throw notFound(text);
    return bytes;
  }

  async act(text: string, word: string): Promise<string> {
    const action = parseAction(word);
    const id = parseLoadBalancerId(text);
    if (!id) throw notFound(text);
    return this.#options.exclusive.run(id, async () => {
      if (!(await this.has(id))) throw notFound(text);
      return this.#act(id, action);
    });
  }

  async delete(text: string): Promise<void> {
    const id = parseLoadBalancerId(text);
    if (id) await this.#options.exclusive.run(id, () => this.#delete(id));
    this.#options.changed?.();
  }

  async has(text: string): Promise<boolean> {
    const id = parseLoadBalancerId(text);
    return id !== undefined && isFile(this.#layout(id).config);
  }

  async listeners(): Promise<ListenerStatus[]> {
    const ids = await listLoadBalancers(this.#options.basePath);
    const lists = await Promise.all(
      ids.map(async (id) => {
        const bytes = await readIfPresent(this.#layout(id).config);
        return bytes ? parseConfig(bytes.toString("utf8")).listeners : [];
      }),
    );
    return lists.flat();
  }

  async countRunning(): Promise<number> {
    const ids = await listLoadBalancers(this.#options.basePath);
    const running = await Promise.all(ids.map((id) => this.#isRunning(id)));
    return running.filter(Boolean).length;
  }

  async wantedSockets(): Promise<string[]> {
    const { basePath, supervisor } = this.#options;
    const ids = await listLoadBalancers(basePath);
    // One that is just starting again after a crash does not run, but has to be looked at.
    const isWanted = async (id: LoadBalancerId) =>
      (await this.#isRunning(id)) || supervisor.isWanted({ kind: "haproxy", id });
    const wanted = await Promise.all(ids.map(isWanted));
    return ids.filter((_id, index) => wanted[index]).map((id) => this.#layout(id).socket);
  }

  async history(): Promise<Record<string, readonly HistoryEntry[]>> {
    const { readHistory } = await import("./runtime/history.ts");
    const ids = await listLoadBalancers(this.#options.basePath);
    const histories = await Promise.all(
      ids.map(async (id) => [id, await readHistory(this.#layout(id))] as const),
    );
    return Object.fromEntries(histories);
  }

  async resume(): Promise<void> {
    for (const id of await listLoadBalancers(this.#options.basePath)) {
      if (await isFile(this.#layout(id).leaving)) await this.#finishLeaving(id);
    }
  }

  /** Removed servers that are in use are looked at until there are none, less often with time. */
  async #watch(id: LoadBalancerId): Promise<void> {
    if (this.#watched.has(id)) return;
    this.#watched.add(id);
    for (let pauseMs = FIRST_LOOK_MS, left = 1; left > 0; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      await sleep(pauseMs, undefined, { ref: false });
      left = await this.#finishLeaving(id);
    }
    this.#watched.delete(id);
  }

  /** @returns how many are left */
  async #finishLeaving(id: LoadBalancerId): Promise<number> {
    const { finishLeaving } = await import("./runtime/finish-leaving.ts");
    return this.#options.exclusive.run(id, () => finishLeaving(this.#reload, id));
  }

  async #act(id: LoadBalancerId, wanted: Action): Promise<string> {
    const { topology, vrrpChecks } = this.#options;
    const isRunning = await this.#isRunning(id);
    const action = wanted === "reload" && !isRunning ? "start" : wanted;
    if (action === "stop") await this.#startOrStop(id, action, isRunning);
    else await this.#withAllListeners(id, action, isRunning);
    // With a standby keepalived announces the addresses, when they are here (docs/contract/rest-api.md, 2.8).
    if (topology() === "ACTIVE_STANDBY") await vrrpChecks.update();
    else if (action !== "stop") void this.#announce(id);
    return ANSWERS[action](id);
  }

  async #withAllListeners(id: LoadBalancerId, action: "start" | "reload", isRunning: boolean): Promise<void> {
    const { withWhole } = await import("./partial.ts");
    await withWhole(this.#options, id, async (wasPartial) => {
      // The start of one that runs without some of its listeners is to bring them.
      const reloads = action === "reload" || (isRunning && wasPartial);
      if (reloads) await (await this.#runtime()).reloadLoadBalancer(this.#reload, id);
      else await this.#startOrStop(id, action, isRunning);
    });
  }

  async #startOrStop(id: LoadBalancerId, action: "start" | "stop", wasRunning: boolean): Promise<void> {
    const { supervisor, logger } = this.#options;
    const startedAt = performance.now();
    await failingAs(`Error ${action}ing haproxy`, () => supervisor[action]({ kind: "haproxy", id }));
    if (action === "start" && !wasRunning) await (await this.#runtime()).rememberStart(this.#reload, id);
    const durationMs = Math.round(performance.now() - startedAt);
    logger.info({ event: `haproxy.${action}.done`, lbId: id, durationMs }, "haproxy action done");
  }

  /** What a start and a reload need, and an agent that only answers does not. */
  #runtime(): Promise<typeof import("./runtime/reload.ts")> {
    return import("./runtime/reload.ts");
  }

  async #delete(id: LoadBalancerId): Promise<void> {
    const { supervisor, certDirectory, exclusive, vrrpChecks, logger } = this.#options;
    const layout = this.#layout(id);
    const config = await readIfPresent(layout.config);
    if (!config) return;
    if (await this.#isRunning(id))
      await failingAs("Error stopping haproxy", () => supervisor.stop({ kind: "haproxy", id }));
    const statsSocket = parseStatsSocket(config.toString("utf8"));
    await this.#orLog(id, "socket", async () => statsSocket && removeSocket(statsSocket));
    await this.#orLog(id, "certificates", () =>
      exclusive.run(certificatesKey(id), () => removeDirectory(`${certDirectory}/${id}`)),
    );
    await this.#orLog(id, "supervision", () => supervisor.remove({ kind: "haproxy", id }));
    await removeDirectory(layout.directory, "haproxy.cfg");
    await vrrpChecks.updateIfUsed();
    logger.info({ event: "loadbalancer.delete.done", lbId: id }, "load balancer deleted");
  }

  async #mentionMissingGroup(): Promise<void> {
    if (this.#isGroupMentioned || (await groupFileArguments()).length > 0) return;
    this.#isGroupMentioned = true;
    const event = "haproxy.group.missing";
    this.#options.logger.warn({ event, file: USER_GROUP_FILE }, "the image names no group for haproxy");
  }

  /** In the background: no answer depends on it. */
  async #announce(id: LoadBalancerId): Promise<void> {
    try {
      const config = await readIfPresent(this.#layout(id).config);
      await this.#options.advertise(parseBindAddresses(config?.toString("utf8") ?? ""));
    } catch (err) {
      this.#options.logger.warn({ event: "vip.advertise.failed", lbId: id, err }, "addresses not announced");
    }
  }

  /** A part of a deletion that must not keep the rest from being done (docs/contract/rest-api.md, 2.5). */
  async #orLog(id: LoadBalancerId, part: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (err) {
      this.#options.logger.warn(
        { event: "loadbalancer.delete.incomplete", lbId: id, part, err },
        "left something behind",
      );
    }
  }

  async #isRunning(id: LoadBalancerId): Promise<boolean> {
    return (await runningPid(this.#layout(id).pidFile, this.#options.haproxyCmd)) !== undefined;
  }

  #layout(id: LoadBalancerId): ReturnType<typeof layoutOf> {
    return layoutOf(this.#options.basePath, id);
  }
}

/** Texts on the wire, one missing letter included (docs/contract/rest-api.md, R7). */
const ANSWERS: Readonly<Record<Action, (id: LoadBalancerId) => string>> = {
  start: (id) => `Configuration file is valid\nhaproxy daemon for ${id} started`,
  reload: (id) => `Listener ${id} reloaded`,
  stop: (id) => `Listener ${id} stoped`,
};

function notFound(id: string): AgentError {
  return new AgentError("notFound", "Loadbalancer Not Found", {
    details: `No loadbalancer with UUID: ${id}`,
  });
}
