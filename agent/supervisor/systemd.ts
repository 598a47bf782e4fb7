/** Supervision by systemd: one unit per service. */
import { setTimeout as sleep } from "node:timers/promises";
import { AgentError, asError } from "../errors.ts";
import type { Deviation } from "../healing/types.ts";
import { keepAgentConfig } from "../loadbalancer/agent-config.ts";
import { layoutOf } from "../loadbalancer/layout.ts";
import type { LoadBalancerId, WorkerLimits } from "../loadbalancer/types.ts";
import { lvsLayout } from "../lvs/layout.ts";
import { missingOf, replaceFile } from "../system/files.ts";
import type { Logger } from "../system/logger.ts";
import { isRunning, runningPid } from "../system/processes.ts";
import { type Try, tryRun } from "../system/run.ts";
import { dropInOf, SystemdUnits } from "../system/systemd.ts";
import { type Ask, ask } from "../system/unix-socket.ts";
import { renderTemplate } from "../templates.ts";
import { vrrpLayout } from "../vrrp/layout.ts";
import { encodeArgument } from "./encode-unit.ts";
import { MasterSocket } from "./master-socket.ts";
import type { HaproxyProcesses } from "./parse-processes.ts";
import {
  isMeantToRun,
  judgeSystemctl,
  parseActivity,
  parseUptime,
  wasJustStarted,
} from "./parse-systemctl.ts";
import {
  NETNS_UNIT,
  planHaproxyUnit,
  planKeepalivedUnit,
  planNetnsUnit,
  planStandDownUnit,
  STAND_DOWN_UNIT,
} from "./plan-units.ts";
import type { Program } from "./program.ts";
import { programOf } from "./programs.ts";
import { unitName } from "./service-name.ts";
import type { HaproxyService, Job, Service, Supervisor } from "./types.ts";

/** All of one command together: the controller gives a call up after 60 s. */
const COMMAND_TIMEOUT_MS = 50_000;
const RELOAD_ATTEMPTS = 3;
const UPTIME_ATTEMPTS = 5;
const UPTIME_PAUSE_MS = 1_000;
const INFO_TIMEOUT_MS = 2_000;
const SHOW_TIMEOUT_MS = 10_000;
const PID_FILE_MODE = 0o644;

export interface SystemdOptions {
  readonly basePath: string;
  readonly haproxyCmd: string;
  readonly limits: WorkerLimits;
  /** N of syslog facility localN for keepalived. */
  readonly logFacility: number;
  /** Command line of this program, up to its own arguments: the namespace's unit runs it. */
  readonly program: readonly string[];
  readonly logger: Logger;
  readonly tryRun?: Try;
  readonly ask?: Ask;
}

/** HAProxy before a reload. */
interface Before {
  readonly pid: number | undefined;
  readonly processes: HaproxyProcesses | undefined;
}

export class SystemdSupervisor implements Supervisor {
  readonly #options: SystemdOptions;
  readonly #units: SystemdUnits;
  readonly #ask: Ask;

  constructor(options: SystemdOptions) {
    this.#options = options;
    this.#units = new SystemdUnits(options.tryRun ?? tryRun);
    this.#ask = options.ask ?? ask;
  }

  async enable(job: Job): Promise<void> {
    const unit = unitName(job);
    const netns = planNetnsUnit(this.#options.program);
    await this.#units.write(NETNS_UNIT, await renderTemplate(NETNS_UNIT, netns));
    await this.#units.write(unit, await this.#render(job));
    if (job.kind === "haproxy") {
      const standDown = planStandDownUnit(vrrpLayout(this.#options.basePath).roles);
      await this.#units.write(STAND_DOWN_UNIT, await renderTemplate(STAND_DOWN_UNIT, standDown));
    }
    const addition = await this.#renderAddition(job);
    if (addition !== undefined) await this.#units.amend(unit, addition);
    await this.#units.enable(unit);
    await this.#units.reload();
  }

  async start(service: Service): Promise<void> {
    await this.#once("start", service);
  }

  async stop(service: Service): Promise<void> {
    await this.#once("stop", service);
  }

  async reload(service: Service): Promise<void> {
    if (service.kind === "haproxy") await this.#reloadHaproxy(service);
    else await this.#once("reload", service);
  }

  async restart(service: Service): Promise<void> {
    await this.#once("restart", service);
  }

  async remove(service: Service): Promise<void> {
    await this.#units.remove(unitName(service));
    await this.#units.reload();
  }

  async isWanted(service: Service): Promise<boolean> {
    const args = ["show", "--property=ActiveState,Job", unitName(service)];
    const { exitCode, output } = await this.#units.control(args, SHOW_TIMEOUT_MS);
    if (exitCode !== 0) throw failure("show", output);
    return isMeantToRun(output);
  }

  async deviations(service: Service, job: () => Promise<Job>): Promise<readonly Deviation[]> {
    const unit = unitName(service);
    const files = [NETNS_UNIT, unit, ...(service.kind === "lvs" ? [] : [dropInOf(unit)])];
    const missing = await this.#units.missing(unit, files);
    const own = service.kind === "haproxy" ? [layoutOf(this.#options.basePath, service.id).agentConfig] : [];
    const repair = async (): Promise<void> => {
      const made = await job();
      const { basePath, limits } = this.#options;
      // The unit names it.
      if (made.kind === "haproxy") await keepAgentConfig(layoutOf(basePath, made.id), limits, made.version);
      await this.enable(made);
    };
    return [
      ...[...missing, ...(await missingOf(own))].map((path) => ({ difference: `file ${path}`, repair })),
      ...(await this.#processDeviations(service)),
    ];
  }

  /** Asks systemd only where the pid file names no process of the service. */
  async #processDeviations(service: Service): Promise<readonly Deviation[]> {
    const { pidFile, executable } = this.#program(service);
    if ((await runningPid(pidFile, executable)) !== undefined) return [];
    const unit = unitName(service);
    const args = ["show", "--property=ActiveState,MainPID", unit];
    const { exitCode, output } = await this.#units.control(args, SHOW_TIMEOUT_MS);
    if (exitCode !== 0) throw failure("show", output);
    const { isFailed, pid } = parseActivity(output);
    if (isFailed) return [{ difference: `service ${unit}`, repair: () => this.#startAgain(service) }];
    if (pid === undefined || !(await isRunning(pid, executable))) return [];
    const repair = () => replaceFile(pidFile, `${pid}\n`, PID_FILE_MODE);
    return [{ difference: `file ${pidFile}`, repair }];
  }

  /** systemd gives up a unit that fails too often, and never looks at it again. */
  async #startAgain(service: Service): Promise<void> {
    await this.#units.control(["reset-failed", unitName(service)], SHOW_TIMEOUT_MS);
    await this.start(service);
  }

  #program(service: Service): Pick<Program, "pidFile" | "executable"> {
    const { basePath, haproxyCmd, logFacility } = this.#options;
    return programOf(service, { basePath, haproxyCmd, logFacility, ask: this.#ask, peer: () => "" });
  }

  /** Nothing to take over: systemd has gone on all the time. */
  async resume(): Promise<void> {
    this.#options.logger.info({ event: "supervisor.resume.done" }, "systemd supervises services");
  }

  async close(): Promise<void> {
    // Nothing was watched.
  }

  async #render(job: Job): Promise<string> {
    const { basePath, haproxyCmd, logFacility } = this.#options;
    switch (job.kind) {
      case "haproxy":
        return renderTemplate(
          "haproxy.service",
          planHaproxyUnit(job, layoutOf(basePath, job.id), haproxyCmd),
        );
      case "vrrp": {
        // Its VRRP process has keepalived's own place for its pid file.
        const { config, pidFile } = vrrpLayout(basePath);
        return renderTemplate("keepalived.service", planKeepalivedUnit({ config, pidFile }, logFacility));
      }
      case "lvs":
        return renderTemplate(
          "keepalived.service",
          planKeepalivedUnit(lvsLayout(basePath, job.id), logFacility),
        );
    }
  }

  /** What a unit has beside the contract's commands (docs/contract/rest-api.md, 2.3 and 2.6), if anything. */
  async #renderAddition(job: Job): Promise<string | undefined> {
    const { basePath, haproxyCmd, logFacility } = this.#options;
    switch (job.kind) {
      case "haproxy": {
        const unit = planHaproxyUnit(job, layoutOf(basePath, job.id), haproxyCmd);
        return renderTemplate("haproxy-agent.service", unit);
      }
      case "vrrp": {
        const { entryConfig: config, pidFile, leftovers } = vrrpLayout(basePath);
        const unit = planKeepalivedUnit({ config, pidFile }, logFacility);
        return renderTemplate("keepalived-entry.service", { ...unit, leftovers: encodeArgument(leftovers) });
      }
      case "lvs":
        return undefined;
    }
  }

  async #once(action: "start" | "stop" | "reload" | "restart", service: Service): Promise<void> {
    const { exitCode, output } = await this.#units.control([action, unitName(service)], COMMAND_TIMEOUT_MS);
    if (judgeSystemctl(exitCode, output) !== "done") throw failure(action, output);
  }

  async #reloadHaproxy(service: HaproxyService): Promise<void> {
    const { id } = service;
    const signal = AbortSignal.timeout(COMMAND_TIMEOUT_MS);
    const until = performance.now() + COMMAND_TIMEOUT_MS;
    const master = new MasterSocket(layoutOf(this.#options.basePath, id).masterSocket, this.#ask);
    const before = await this.#before(id, master);
    for (let attempt = 1; ; attempt += 1) {
      const remainingMs = Math.max(1, Math.ceil(until - performance.now()));
      const { exitCode, output } = await this.#units.control(["reload", unitName(service)], remainingMs);
      const verdict = judgeSystemctl(exitCode, output);
      if (verdict === "done") return this.#confirm(id, master, before, signal);
      if (verdict === "failed") throw failure("reload", output);
      if (await this.#wasJustStarted(id)) return;
      if (attempt === RELOAD_ATTEMPTS) throw failure("reload", output);
    }
  }

  /** systemctl has only sent a signal: whether HAProxy took the configuration, its master knows. */
  async #confirm(
    id: LoadBalancerId,
    master: MasterSocket,
    before: Before,
    signal: AbortSignal,
  ): Promise<void> {
    const { pid, processes } = before;
    if (pid === undefined || !processes) {
      const event = "haproxy.reload.unconfirmed";
      const message = "haproxy's master does not answer: whether it reloaded is not known";
      this.#options.logger.warn({ event, lbId: id }, message);
      return;
    }
    try {
      await master.confirmReload(processes, signal, async () => {
        if (!(await isRunning(pid))) throw new AgentError("commandFailed", "HAProxy ended");
      });
    } catch (error) {
      const cause = asError(error);
      throw new AgentError("commandFailed", "HAProxy did not reload", { details: cause.message, cause });
    }
  }

  async #before(id: LoadBalancerId, master: MasterSocket): Promise<Before> {
    const { basePath, haproxyCmd } = this.#options;
    const pid = await runningPid(layoutOf(basePath, id).pidFile, haproxyCmd);
    return { pid, processes: await master.processes() };
  }

  /** docs/contract/rest-api.md, 2.4, "Uptime check". */
  async #wasJustStarted(id: LoadBalancerId): Promise<boolean> {
    const { socket } = layoutOf(this.#options.basePath, id);
    for (let attempt = 1; attempt <= UPTIME_ATTEMPTS; attempt += 1) {
      const info = await this.#info(socket);
      if (parseUptime(info) !== undefined) return wasJustStarted(info);
      await sleep(UPTIME_PAUSE_MS);
    }
    return false;
  }

  async #info(socket: string): Promise<string> {
    try {
      return (await this.#ask(socket, "show info", { timeoutMs: INFO_TIMEOUT_MS })).toString("utf8");
    } catch (err) {
      this.#options.logger.debug({ event: "haproxy.info.failed", err }, "haproxy does not answer");
      return "";
    }
  }
}

function failure(action: string, output: string): AgentError {
  return new AgentError("commandFailed", `systemctl ${action} failed`, { details: output });
}
