/**
 * Supervision without a service manager: the agent runs HAProxy itself. Its HAProxys go on when it ends,
 * and the next agent takes them over.
 */
import { AgentError } from "../errors.ts";
import { parseLoadBalancerId } from "../loadbalancer/ids.ts";
import { type Layout, layoutOf } from "../loadbalancer/layout.ts";
import { isAtLeast } from "../loadbalancer/parse-version.ts";
import type { LoadBalancerId } from "../loadbalancer/types.ts";
import { directoriesIn, isFile, readIfPresent, replaceFile } from "../system/files.ts";
import type { Logger } from "../system/logger.ts";
import { runningPid } from "../system/processes.ts";
import { removeFile } from "../system/removal.ts";
import { type Ask, ask } from "../system/unix-socket.ts";
import { DirectProcess } from "./direct-process.ts";
import type { Exclusive } from "./exclusive.ts";
import { encodeRecord, parseRecord, type SupervisionRecord } from "./parse-record.ts";
import { planResume } from "./plan-process.ts";
import type { HaproxyJob, HaproxySupervisor } from "./types.ts";

/** A HAProxy that an earlier agent started is no child of ours: nobody tells us when it ends. */
const LOOK_INTERVAL_MS = 1_000;
const BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id";

export interface DirectOptions {
  readonly basePath: string;
  readonly haproxyCmd: string;
  /** Makes sure that the namespace is there. */
  readonly prepareNamespace: () => Promise<void>;
  readonly exclusive: Exclusive;
  readonly logger: Logger;
  readonly ask?: Ask;
}

interface Unit {
  readonly layout: Layout;
  readonly process: DirectProcess;
  record: SupervisionRecord;
}

export class DirectSupervisor implements HaproxySupervisor {
  readonly #options: DirectOptions;
  readonly #units = new Map<LoadBalancerId, Unit>();
  #bootId = "";
  #interval: NodeJS.Timeout | undefined;
  #isClosed = false;
  readonly #toBeLookedAt = new Set<LoadBalancerId>();

  constructor(options: DirectOptions) {
    this.#options = options;
  }

  async enable({ id, peer, version }: HaproxyJob): Promise<void> {
    if (!isAtLeast(version, 1, 9)) {
      throw new AgentError("commandFailed", "HAProxy before 1.9 has no master socket: it needs systemd");
    }
    const known = this.#units.get(id);
    if (known?.record.peer === peer) return;
    const unit = known ?? (await this.#takeOn(id, peer));
    await this.#remember(unit, { ...unit.record, peer });
  }

  async start(id: LoadBalancerId): Promise<void> {
    const unit = this.#unit(id);
    await this.#remember(unit, { ...unit.record, wanted: "running" });
    await this.#job(id, () => unit.process.start());
  }

  async stop(id: LoadBalancerId): Promise<void> {
    const unit = this.#unit(id);
    await this.#remember(unit, { ...unit.record, wanted: "stopped" });
    await this.#job(id, () => unit.process.stop());
  }

  async reload(id: LoadBalancerId): Promise<void> {
    const unit = this.#unit(id);
    await this.#job(id, () => unit.process.reload());
  }

  async remove(id: LoadBalancerId): Promise<void> {
    const unit = this.#units.get(id);
    if (!unit) return;
    await this.#job(id, () => unit.process.stop());
    this.#units.delete(id);
    await removeFile(unit.layout.record);
  }

  async resume(): Promise<void> {
    const { basePath, logger } = this.#options;
    await this.#readBootId();
    for (const name of (await directoriesIn(basePath)).sort()) {
      const id = parseLoadBalancerId(name);
      if (id && (await isFile(layoutOf(basePath, id).config))) await this.#resume(id);
    }
    this.#interval = setInterval(() => this.#lookAtAll(), LOOK_INTERVAL_MS).unref();
    logger.info(
      { event: "supervisor.resume.done", haproxys: this.#units.size },
      "supervising haproxy directly",
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#interval);
    for (const [id, { process }] of this.#units) await this.#job(id, async () => process.release());
  }

  async #resume(id: LoadBalancerId): Promise<void> {
    const { basePath, haproxyCmd, logger } = this.#options;
    const layout = layoutOf(basePath, id);
    const bytes = await readIfPresent(layout.record);
    if (!bytes) return;
    const record = parseRecord(bytes.toString("utf8"));
    if (!record) {
      logger.error(
        { event: "supervisor.resume.failed", lbId: id, file: layout.record },
        "record is not readable",
      );
      return;
    }
    const isRunning = (await runningPid(layout.pidFile, haproxyCmd)) !== undefined;
    const plan = planResume(record, { bootId: this.#bootId, isRunning });
    const unit = this.#add(id, record);
    logger.info({ event: `supervisor.${plan}.planned`, lbId: id }, "haproxy of an earlier agent");
    if (plan === "adopt") await unit.process.adopt();
    // Not waited for: one that cannot start must not keep the agent from serving.
    if (plan === "start") this.#inBackground(id, () => this.start(id));
  }

  /** A load balancer without a record: new, or one that somebody else has started. */
  async #takeOn(id: LoadBalancerId, peer: string): Promise<Unit> {
    const unit = this.#add(id, { peer, wanted: "stopped", bootId: await this.#readBootId() });
    if (await unit.process.adopt()) unit.record = { ...unit.record, wanted: "running" };
    return unit;
  }

  #add(id: LoadBalancerId, record: SupervisionRecord): Unit {
    const { basePath, haproxyCmd, prepareNamespace, logger } = this.#options;
    const layout = layoutOf(basePath, id);
    const process = new DirectProcess({
      layout,
      haproxyCmd,
      prepareNamespace,
      peer: () => unit.record.peer,
      ask: this.#options.ask ?? ask,
      logger: logger.child({ lbId: id }),
      onDue: () => this.#look(id),
    });
    const unit: Unit = { layout, process, record };
    this.#units.set(id, unit);
    return unit;
  }

  #unit(id: LoadBalancerId): Unit {
    const unit = this.#units.get(id);
    if (unit) return unit;
    throw new AgentError("commandFailed", `load balancer ${id} is not supervised`, {
      details: "upload its configuration again",
    });
  }

  async #remember(unit: Unit, record: SupervisionRecord): Promise<void> {
    const current = { ...record, bootId: this.#bootId };
    const text = encodeRecord(current);
    if (text === (await readIfPresent(unit.layout.record))?.toString("utf8")) return;
    await replaceFile(unit.layout.record, text, 0o600);
    unit.record = current;
  }

  async #readBootId(): Promise<string> {
    this.#bootId ||= (await readIfPresent(BOOT_ID_FILE))?.toString("latin1").trim() ?? "";
    return this.#bootId;
  }

  #lookAtAll(): void {
    for (const id of this.#units.keys()) this.#look(id);
  }

  #look(id: LoadBalancerId): void {
    // One look is enough, however long it has to wait for a command.
    if (this.#toBeLookedAt.has(id)) return;
    this.#toBeLookedAt.add(id);
    this.#inBackground(id, () =>
      this.#job(id, async () => {
        this.#toBeLookedAt.delete(id);
        if (!this.#isClosed) await this.#units.get(id)?.process.look();
      }),
    );
  }

  #inBackground(id: LoadBalancerId, work: () => Promise<unknown>): void {
    if (this.#isClosed) return;
    work().catch((err: unknown) => {
      this.#options.logger.error(
        { event: "supervisor.job.failed", lbId: id, err },
        "supervision failed, trying again",
      );
    });
  }

  /** One job at a time per HAProxy: commands and what happens by itself. */
  #job<T>(id: LoadBalancerId, job: () => Promise<T>): Promise<T> {
    return this.#options.exclusive.run(`haproxy ${id}`, job);
  }
}
