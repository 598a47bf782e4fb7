/** Samples all LVS listeners of this amphora for the heartbeat (docs/contract/heartbeat.md, section 5). */
import { asError } from "../errors.ts";
import type { LoadBalancerSample } from "../loadbalancer/types.ts";
import { modifiedNs } from "../system/file-stamp.ts";
import { type Names, readIfPresent } from "../system/files.ts";
import { namedPid, processExists } from "../system/processes.ts";
import type { RunOptions } from "../system/run.ts";
import { encodeListener, encodePool } from "./encode-sample.ts";
import { lvsLayout, parseConfigName } from "./layout.ts";
import { type LvsListener, parseLvsListener } from "./parse-listener.ts";
import type { ReadKernel } from "./read-kernel.ts";
import type { LvsListenerId } from "./types.ts";

export interface LvsStatisticsOptions {
  /** State directory, `[haproxy_amphora] base_path`. */
  readonly basePath: string;
  /** Names in its directory of LVS files: the same object for as long as nothing there has changed. */
  readonly names: () => Names | Promise<Names>;
  readonly readKernel: ReadKernel;
}

/** What the files say about a listener. */
interface Known {
  readonly id: LvsListenerId;
  readonly listener: LvsListener;
  readonly pid: number | undefined;
  readonly restarting: boolean | undefined;
}

export class LvsStatistics {
  readonly #options: LvsStatisticsOptions;
  #names: Names | undefined;
  #known: readonly Known[] = [];

  constructor(options: LvsStatisticsOptions) {
    this.#options = options;
  }

  /**
   * Files are read again only when one of them has changed.
   * @returns undefined when no listener runs; a `defect` when no heartbeat may be sent because of what is missing
   */
  async read(options: RunOptions): Promise<LoadBalancerSample | undefined> {
    try {
      const known = await this.#readFiles();
      const running = known.filter(({ pid }) => pid !== undefined && processExists(pid));
      const enabled = running.filter(({ listener }) => !listener.disabled);
      return enabled.length === 0 ? undefined : await this.#sample(enabled, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      return { listeners: [], pools: [], defect: asError(error).message };
    }
  }

  async #sample(enabled: readonly Known[], options: RunOptions): Promise<LoadBalancerSample> {
    const served = enabled.some(({ listener }) => listener.services.length > 0);
    const pids = enabled.flatMap(({ pid }) => pid ?? []);
    const kernel = served ? await this.#options.readKernel(pids, options) : undefined;
    return {
      listeners: enabled.map(({ id, listener }) => encodeListener(id, listener, kernel)),
      pools: enabled.flatMap(({ listener, restarting }) => encodePool(listener, kernel, restarting) ?? []),
    };
  }

  async #readFiles(): Promise<readonly Known[]> {
    const names = await this.#options.names();
    if (names === this.#names) return this.#known;
    const ids = [...names.others].sort().flatMap((name) => parseConfigName(name) ?? []);
    const read = await Promise.all(ids.map((id) => this.#readListener(id)));
    this.#known = read.filter((known) => known !== undefined);
    this.#names = names;
    return this.#known;
  }

  async #readListener(id: LvsListenerId): Promise<Known | undefined> {
    const { config, pidFile, checkPidFile } = lvsLayout(this.#options.basePath, id);
    const [text, pid, changed, checkerStarted] = await Promise.all([
      readIfPresent(config),
      namedPid(pidFile),
      modifiedNs(config),
      modifiedNs(checkPidFile),
    ]);
    // Deleted this moment.
    if (text === undefined || changed === undefined) return undefined;
    const restarting = checkerStarted === undefined ? undefined : changed > checkerStarted;
    return { id, listener: parseLvsListener(text.toString("utf8")), pid, restarting };
  }
}
