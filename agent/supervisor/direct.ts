/**
 * Supervision without a service manager: the agent runs the programs itself. They go on when it ends,
 * and the next agent takes them over.
 */
import { AgentError } from "../errors.ts";
import type { Deviation } from "../healing/types.ts";
import { isAtLeast } from "../loadbalancer/parse-version.ts";
import { readIfPresent, replaceFile } from "../system/files.ts";
import type { Logger } from "../system/logger.ts";
import { isRunning, namedPid, readBootId, runningPid } from "../system/processes.ts";
import { removeFile } from "../system/removal.ts";
import { type Ask, ask } from "../system/unix-socket.ts";
import { DirectProcess } from "./direct-process.ts";
import type { Exclusive } from "./exclusive.ts";
import { encodeRecord, parseRecord, type SupervisionRecord } from "./parse-record.ts";
import { planResume } from "./plan-process.ts";
import type { Program } from "./program.ts";
import { programOf, recordOf } from "./programs.ts";
import { readServices } from "./read-services.ts";
import { logFields, unitName } from "./service-name.ts";
import type { Job, Service, Supervisor } from "./types.ts";

/** A program that an earlier agent started is no child of ours: nobody tells us when it ends. */
const LOOK_INTERVAL_MS = 1_000;

export interface DirectOptions {
  readonly basePath: string;
  readonly haproxyCmd: string;
  /** N of syslog facility localN for keepalived. */
  readonly logFacility: number;
  /** Makes sure that the namespace is there. */
  readonly prepareNamespace: () => Promise<void>;
  readonly exclusive: Exclusive;
  readonly logger: Logger;
  readonly ask?: Ask;
}

interface Unit {
  readonly service: Service;
  readonly program: Program;
  readonly process: DirectProcess;
  record: SupervisionRecord;
}

export class DirectSupervisor implements Supervisor {
  readonly #options: DirectOptions;
  /** By the name that the service's unit would have. */
  readonly #units = new Map<string, Unit>();
  #bootId = "";
  #interval: NodeJS.Timeout | undefined;
  #isClosed = false;
  readonly #toBeLookedAt = new Set<Unit>();

  constructor(options: DirectOptions) {
    this.#options = options;
  }

  async enable(job: Job): Promise<void> {
    const changes = job.kind === "haproxy" ? { peer: job.peer } : {};
    if (job.kind === "haproxy" && !isAtLeast(job.version, 1, 9)) {
      throw new AgentError("commandFailed", "HAProxy before 1.9 has no master socket: it needs systemd");
    }
    const known = this.#units.get(unitName(job));
    if (known && known.record.peer === changes.peer) return;
    const unit = known ?? (await this.#takeOn(job, changes));
    await this.#remember(unit, { ...unit.record, ...changes });
  }

  async start(service: Service): Promise<void> {
    const unit = this.#unit(service);
    await this.#remember(unit, { ...unit.record, wanted: "running" });
    await this.#job(unit, () => unit.process.start());
  }

  async stop(service: Service): Promise<void> {
    const unit = this.#unit(service);
    await this.#remember(unit, { ...unit.record, wanted: "stopped" });
    await this.#job(unit, () => unit.process.stop());
  }

  async reload(service: Service): Promise<void> {
    const unit = this.#unit(service);
    await this.#job(unit, () => unit.process.reload());
  }

  async restart(service: Service): Promise<void> {
    const unit = this.#unit(service);
    await this.#remember(unit, { ...unit.record, wanted: "running" });
    await this.#job(unit, async () => {
      await unit.process.stop();
      await unit.process.start();
    });
  }

  async remove(service: Service): Promise<void> {
    const unit = this.#units.get(unitName(service));
    if (!unit) return;
    await this.#job(unit, () => unit.process.stop());
    this.#units.delete(unitName(service));
    await removeFile(unit.program.outputFile);
    await removeFile(recordOf(service, this.#options.basePath));
  }

  async isWanted(service: Service): Promise<boolean> {
    return this.#units.get(unitName(service))?.record.wanted === "running";
  }

  /** Processes are looked at all the time; what others know them by is a file. */
  async deviations(service: Service): Promise<readonly Deviation[]> {
    const unit = this.#units.get(unitName(service));
    const pid = unit?.process.pid;
    if (!unit || pid === undefined || (await namedPid(unit.program.pidFile)) === pid) return [];
    if (!(await isRunning(pid, unit.program.executable))) return [];
    const { pidFile } = unit.program;
    return [{ difference: `file ${pidFile}`, repair: () => replaceFile(pidFile, `${pid}\n`, 0o644) }];
  }

  async resume(): Promise<void> {
    const { basePath, logger } = this.#options;
    await this.#readBootId();
    for (const service of await readServices(basePath)) await this.#resume(service);
    this.#interval = setInterval(() => this.#lookAtAll(), LOOK_INTERVAL_MS).unref();
    logger.info(
      { event: "supervisor.resume.done", services: this.#units.size },
      "the agent supervises services itself",
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#interval);
    for (const unit of this.#units.values()) await this.#job(unit, async () => unit.process.release());
  }

  async #resume(service: Service): Promise<void> {
    const { basePath, logger } = this.#options;
    // Uploaded while this resumes: a command for it comes next.
    if (this.#units.has(unitName(service))) return;
    const file = recordOf(service, basePath);
    const bytes = await readIfPresent(file);
    if (!bytes) return;
    const record = parseRecord(bytes.toString("utf8"));
    if (!record || (service.kind === "haproxy") !== (record.peer !== undefined)) {
      const fields = { event: "supervisor.resume.failed", ...logFields(service), file };
      logger.error(fields, "record is not readable");
      return;
    }
    const unit = this.#add(service, record);
    const { pidFile, executable } = unit.program;
    const isRunning = (await runningPid(pidFile, executable)) !== undefined;
    const plan = planResume(record, { bootId: this.#bootId, isRunning });
    logger.info(
      { event: `supervisor.${plan}.planned`, ...logFields(service) },
      "service of an earlier agent",
    );
    if (plan === "adopt") await unit.process.adopt();
    if (plan !== "start") return;
    unit.record = { ...record, wanted: "running" };
    // Not waited for: one that cannot start must not keep the agent from serving.
    this.#inBackground(unit, () => this.start(service));
  }

  /** A service without a record: new, or one that somebody else has started. */
  async #takeOn(service: Service, changes: Partial<SupervisionRecord>): Promise<Unit> {
    const bootId = await this.#readBootId();
    const unit = this.#add(service, { ...changes, wanted: "stopped", bootId });
    if (await unit.process.adopt()) unit.record = { ...unit.record, wanted: "running" };
    return unit;
  }

  #add(service: Service, record: SupervisionRecord): Unit {
    const { basePath, haproxyCmd, logFacility, prepareNamespace, logger } = this.#options;
    const program = programOf(service, {
      basePath,
      haproxyCmd,
      logFacility,
      ask: this.#options.ask ?? ask,
      peer: () => unit.record.peer ?? "",
    });
    const process = new DirectProcess({
      program,
      prepareNamespace,
      logger: logger.child(logFields(service)),
      onDue: () => this.#look(unit),
    });
    const unit: Unit = { service, program, process, record };
    this.#units.set(unitName(service), unit);
    return unit;
  }

  #unit(service: Service): Unit {
    const unit = this.#units.get(unitName(service));
    if (unit) return unit;
    throw new AgentError("commandFailed", `${unitName(service)} is not known`, {
      details: `${unitName(service)} is not known: upload its configuration again`,
    });
  }

  async #remember(unit: Unit, record: SupervisionRecord): Promise<void> {
    const current = { ...record, bootId: this.#bootId };
    const text = encodeRecord(current);
    const file = recordOf(unit.service, this.#options.basePath);
    if (text === (await readIfPresent(file))?.toString("utf8")) return;
    await replaceFile(file, text, 0o600);
    unit.record = current;
  }

  async #readBootId(): Promise<string> {
    this.#bootId ||= await readBootId();
    return this.#bootId;
  }

  #lookAtAll(): void {
    for (const unit of this.#units.values()) this.#look(unit);
  }

  #look(unit: Unit): void {
    // One look is enough, however long it has to wait for a command.
    if (this.#toBeLookedAt.has(unit)) return;
    this.#toBeLookedAt.add(unit);
    this.#inBackground(unit, () =>
      this.#job(unit, async () => {
        this.#toBeLookedAt.delete(unit);
        if (!this.#isClosed && this.#units.get(unitName(unit.service)) === unit) await unit.process.look();
      }),
    );
  }

  #inBackground({ service }: Unit, work: () => Promise<unknown>): void {
    if (this.#isClosed) return;
    work().catch((err: unknown) => {
      this.#options.logger.error(
        { event: "supervisor.job.failed", ...logFields(service), err },
        "supervision failed, trying again",
      );
    });
  }

  /** One job at a time per service: commands and what happens by itself. */
  #job<T>({ service }: Unit, job: () => Promise<T>): Promise<T> {
    return this.#options.exclusive.run(unitName(service), job);
  }
}
