/** UDP and SCTP listeners as the REST API sees them (docs/contract/rest-api.md, R12, R13 and 2.9). */
import { type Action, parseAction } from "../action.ts";
import { KEEPALIVED } from "../config/paths.ts";
import type { Topology } from "../config/types.ts";
import { AgentError, failingAs, MissingCheckScriptError, systemErrorCode } from "../errors.ts";
import type { ListenerStatus, LoadBalancerSample, PoolSample } from "../loadbalancer/types.ts";
import { parseObjectId } from "../object-id.ts";
import type { Supervisor } from "../supervisor/types.ts";
import { isFile, keepFile, makeDirectory, namesIn, readIfPresent } from "../system/files.ts";
import type { Logger } from "../system/logger.ts";
import { runningPid } from "../system/processes.ts";
import { removeFile } from "../system/removal.ts";
import { run } from "../system/run.ts";
import { renderTemplate } from "../templates.ts";
import type { VrrpChecks } from "../vrrp/types.ts";
import { forgetInForce, noteInForce, readInForce } from "./in-force.ts";
import { type LvsLayout, lvsDirectory, lvsLayout } from "./layout.ts";
import { listLvsListeners } from "./list.ts";
import { hasVirtualServer, parseVipAddresses } from "./parse-config.ts";
import type { LvsListenerId, LvsListeners } from "./types.ts";

const CONFIG_MODE = 0o644;
const SCRIPT_MODE = 0o755;
/** Health monitor of the controller's configurations for UDP, and its template's name. */
const UDP_CHECK = "udp_check.sh";

export interface LvsListenersOptions {
  readonly basePath: string;
  /** Asked each time: an agent configuration may change it. */
  readonly topology: () => Topology;
  readonly supervisor: Supervisor;
  /** Runs one job at a time per key. */
  readonly exclusive: { run<T>(key: string, job: () => Promise<T>): Promise<T> };
  /** What keepalived looks at, with a standby. */
  readonly vrrpChecks: VrrpChecks;
  /** Called when a configuration has changed or is gone. */
  readonly changed?: () => void;
  /** Announces addresses in the namespace. */
  readonly advertise: (addresses: readonly string[]) => Promise<void>;
  readonly logger: Logger;
}

export function createLvsListeners(options: LvsListenersOptions): LvsListeners {
  return new KeepalivedListeners(options);
}

class KeepalivedListeners implements LvsListeners {
  readonly #options: LvsListenersOptions;

  constructor(options: LvsListenersOptions) {
    this.#options = options;
  }

  async upload(text: string, config: Buffer): Promise<void> {
    const id = parseObjectId(text);
    if (!id) throw new AgentError("invalidInput", "Invalid request", { details: "Invalid listener id" });
    await this.#options.exclusive.run(id, () => this.#upload(id, config));
    this.#options.changed?.();
  }

  async download(text: string): Promise<Buffer> {
    const id = parseObjectId(text);
    const bytes = id && (await readIfPresent(this.#layout(id).config));
    if (!bytes) throw notFound(text);
    return bytes;
  }

  async act(text: string, word: string): Promise<string> {
    const action = parseAction(word);
    const id = parseObjectId(text);
    if (!id) throw notFound(text);
    return this.#options.exclusive.run(id, async () => {
      if (!(await this.has(id))) throw notFound(text);
      return this.#act(id, action);
    });
  }

  async delete(text: string): Promise<void> {
    const id = parseObjectId(text);
    if (id) await this.#options.exclusive.run(id, () => this.#delete(id));
    this.#options.changed?.();
  }

  async has(text: string): Promise<boolean> {
    const id = parseObjectId(text);
    return id !== undefined && isFile(this.#layout(id).config);
  }

  async listeners(): Promise<ListenerStatus[]> {
    const ids = await listLvsListeners(this.#options.basePath);
    // SCTP listeners are shown as UDP too (docs/contract/rest-api.md, R4).
    return Promise.all(
      ids.map(async (id) => ({ status: await this.#status(this.#layout(id)), uuid: id, type: "UDP" })),
    );
  }

  async pool(text: string): Promise<PoolSample | undefined> {
    const { parseLvsListener } = await import("./parse-listener.ts");
    const { pool } = parseLvsListener((await this.download(text)).toString("utf8"));
    if (!pool) return undefined;
    let found: PoolSample | undefined;
    await failingAs(`Error getting kernel lvs status for udp listener ${text}`, async () => {
      const sample = await this.#sample();
      if (sample?.defect !== undefined) throw new AgentError("unavailable", sample.defect);
      found = sample?.pools.find(({ key }) => key === pool.id);
    });
    return found;
  }

  async countRunning(): Promise<number> {
    const ids = await listLvsListeners(this.#options.basePath);
    const running = await Promise.all(ids.map((id) => isRunning(this.#layout(id))));
    return running.filter(Boolean).length;
  }

  async #sample(): Promise<LoadBalancerSample | undefined> {
    const { basePath } = this.#options;
    const [{ LvsStatistics }, { createKernelReader }] = await Promise.all([
      import("./read-statistics.ts"),
      import("./read-kernel.ts"),
    ]);
    const names = () => namesIn(lvsDirectory(basePath));
    return new LvsStatistics({ basePath, names, readKernel: createKernelReader(run) }).read({});
  }

  async #upload(id: LvsListenerId, config: Buffer): Promise<void> {
    const { basePath, supervisor, topology, vrrpChecks, logger } = this.#options;
    await installUdpCheck(`${lvsDirectory(basePath)}/check`, id);
    const changed = await keepFile(this.#layout(id).config, config, CONFIG_MODE);
    logger.info(
      { event: "lvs.config.stored", listenerId: id, sizeBytes: config.length, changed },
      "keepalived configuration stored",
    );
    await failingAs("Error enabling octavia-keepalivedlvs service", () =>
      supervisor.enable({ kind: "lvs", id }),
    );
    if (topology() === "ACTIVE_STANDBY") await vrrpChecks.update();
  }

  async #act(id: LvsListenerId, wanted: Action): Promise<string> {
    const { supervisor, topology, logger } = this.#options;
    // On the wire a reload is a restart (docs/contract/rest-api.md, 2.9).
    const action = wanted === "reload" ? "restart" : wanted;
    const layout = this.#layout(id);
    if (wanted !== "reload" || !(await this.#reload(id))) {
      const isStarted = action === "start" && (await isRunning(layout));
      if (!isStarted) await forgetInForce(layout);
      await failingAs(`Failed to ${action} keepalivedlvs listener ${id}`, () =>
        supervisor[action]({ kind: "lvs", id }),
      );
      if (action !== "stop" && !isStarted) await noteInForce(layout);
      logger.info({ event: `lvs.${action}.done`, listenerId: id }, "keepalived action done");
    }
    // With a standby keepalived announces the addresses, when they are here (docs/contract/rest-api.md, 2.8).
    if (action !== "stop" && topology() !== "ACTIVE_STANDBY") void this.#announce(id);
    return `keepalivedlvs listener ${id} ${VERB[action]}`;
  }

  /** @returns whether keepalived works with what is stored, without a restart */
  async #reload(id: LvsListenerId): Promise<boolean> {
    const { supervisor, logger } = this.#options;
    const layout = this.#layout(id);
    const before = await readInForce(layout);
    const after = (await readIfPresent(layout.config))?.toString("utf8");
    if (before === undefined || after === undefined) return false;
    // The controller uploads every listener anew for each change of its load balancer.
    if (before === after) {
      logger.info({ event: "lvs.restart.unneeded", listenerId: id }, "keepalived works with this already");
      return true;
    }
    const { reloadMembers } = await import("./reload.ts");
    await forgetInForce(layout);
    const isReloaded = await failingAs(`Failed to restart keepalivedlvs listener ${id}`, () =>
      reloadMembers({ layout, service: { kind: "lvs", id }, supervisor, before, after }),
    );
    if (!isReloaded) return false;
    await noteInForce(layout);
    logger.info({ event: "lvs.reload.done", listenerId: id }, "keepalived works with other members");
    return true;
  }

  async #delete(id: LvsListenerId): Promise<void> {
    const { supervisor, vrrpChecks, logger } = this.#options;
    const layout = this.#layout(id);
    if (!(await isFile(layout.config))) return;
    if (await isRunning(layout)) {
      await failingAs("Error stopping keepalivedlvs", () => supervisor.stop({ kind: "lvs", id }));
    }
    // The check of LVS listeners goes by these.
    const { pidFile, vrrpPidFile, checkPidFile, inForce } = layout;
    for (const file of [pidFile, vrrpPidFile, checkPidFile, inForce]) await removeFile(file);
    await failingAs(`Error disabling octavia-keepalivedlvs-${id} service`, () =>
      supervisor.remove({ kind: "lvs", id }),
    );
    await removeFile(layout.config);
    await vrrpChecks.updateIfUsed();
    logger.info({ event: "lvs.delete.done", listenerId: id }, "listener deleted");
  }

  async #status(layout: LvsLayout): Promise<ListenerStatus["status"]> {
    if (!(await isFile(layout.pidFile))) return "OFFLINE";
    if (!(await isRunning(layout))) return "ERROR";
    const config = await readIfPresent(layout.config);
    return hasVirtualServer(config?.toString("utf8") ?? "") ? "ACTIVE" : "OFFLINE";
  }

  /** In the background: no answer depends on it. */
  async #announce(id: LvsListenerId): Promise<void> {
    try {
      const config = await readIfPresent(this.#layout(id).config);
      await this.#options.advertise(parseVipAddresses(config?.toString("utf8") ?? ""));
    } catch (err) {
      const event = "vip.advertise.failed";
      this.#options.logger.warn({ event, listenerId: id, err }, "addresses not announced");
    }
  }

  #layout(id: LvsListenerId): LvsLayout {
    return lvsLayout(this.#options.basePath, id);
  }
}

/** On the wire, one missing letter included (docs/contract/rest-api.md, R7). */
const VERB = { start: "started", stop: "stoped", restart: "restarted" } as const;

async function isRunning({ pidFile }: LvsLayout): Promise<boolean> {
  return (await runningPid(pidFile, KEEPALIVED)) !== undefined;
}

/** @throws MissingCheckScriptError before anything is written */
async function installUdpCheck(directory: string, id: LvsListenerId): Promise<void> {
  let script: string;
  try {
    script = await renderTemplate(UDP_CHECK, {});
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT") throw new MissingCheckScriptError(UDP_CHECK, id, { cause });
    throw cause;
  }
  await makeDirectory(directory);
  await keepFile(`${directory}/${UDP_CHECK}`, script, SCRIPT_MODE);
}

function notFound(id: string): AgentError {
  return new AgentError("notFound", "UDP Listener Not Found", {
    details: `No UDP listener with UUID: ${id}`,
  });
}
