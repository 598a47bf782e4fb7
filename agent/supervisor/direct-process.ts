/** One HAProxy that the agent itself runs: master-worker mode, inside the namespace, detached from us. */
import { NAMESPACE_HANDLE } from "../config/paths.ts";
import { AgentError } from "../errors.ts";
import { groupFileArguments } from "../loadbalancer/group-file.ts";
import type { Layout } from "../loadbalancer/layout.ts";
import { type Detached, sendSignal, startDetached } from "../system/detached.ts";
import { GrowingFile } from "../system/growing-file.ts";
import type { Logger } from "../system/logger.ts";
import { isRunning, runningPid } from "../system/processes.ts";
import { removeFile } from "../system/removal.ts";
import type { Ask } from "../system/unix-socket.ts";
import { MasterSocket } from "./master-socket.ts";
import { levelOfOutput } from "./parse-output.ts";
import { backoffMs, countEnds, nextState, type ProcessEvent, type ProcessState } from "./plan-process.ts";
import { waitFor } from "./wait-for.ts";

const START_TIMEOUT_MS = 30_000;
const RELOAD_TIMEOUT_MS = 40_000;
const STOP_TIMEOUT_MS = 10_000;
const KILL_TIMEOUT_MS = 5_000;

export interface DirectProcessOptions {
  readonly layout: Layout;
  readonly haproxyCmd: string;
  /** Name among the peers; asked at each start. */
  readonly peer: () => string;
  readonly prepareNamespace: () => Promise<void>;
  readonly ask: Ask;
  readonly logger: Logger;
  /** Calls back when this process should be looked at: it ended, or its next start is due. */
  readonly onDue: () => void;
}

/** Not safe for concurrent calls: its owner gives one at a time. */
export class DirectProcess {
  readonly #options: DirectProcessOptions;
  readonly #master: MasterSocket;
  readonly #output: GrowingFile;
  #state: ProcessState = "stopped";
  #pid: number | undefined;
  #ends = 0;
  #upAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DirectProcessOptions) {
    this.#options = options;
    this.#master = new MasterSocket(options.layout.masterSocket, options.ask);
    this.#output = new GrowingFile(options.layout.output);
  }

  /** Takes a HAProxy over that an earlier agent left running. @returns whether there is one */
  async adopt(): Promise<boolean> {
    this.#pid = await runningPid(this.#options.layout.pidFile, this.#options.haproxyCmd);
    if (this.#pid === undefined) return false;
    // It was logged, or lost, with the earlier agent.
    await this.#output.read();
    this.#enter("up");
    return true;
  }

  /** @throws AgentError `commandFailed` with HAProxy's words; then it is tried again until `stop` */
  async start(): Promise<void> {
    await this.#noticeEnd();
    if (this.#state === "running") return;
    this.release();
    if (!this.#enter("start")) throw new AgentError("commandFailed", `HAProxy is ${this.#state}`);
    await this.#launch();
  }

  /** @throws AgentError `commandFailed` with HAProxy's words; it goes on with its old configuration then */
  async reload(): Promise<void> {
    await this.#logOutput();
    const signal = AbortSignal.timeout(RELOAD_TIMEOUT_MS);
    const guard = async () => {
      if (!(await this.#isRunning())) throw new AgentError("commandFailed", "HAProxy ended");
    };
    try {
      const before = await this.#master.untilUp(signal, guard);
      await this.#master.requestReload(RELOAD_TIMEOUT_MS);
      await this.#master.confirmReload(before, signal, guard);
    } catch (cause) {
      throw withOutput("HAProxy did not reload", await this.#logOutput(), cause);
    }
    await this.#logOutput();
  }

  async stop(): Promise<void> {
    this.release();
    this.#enter("stop");
    const pid = this.#pid;
    if (pid !== undefined) await this.#terminate(pid);
    this.#enter("ended");
    this.#pid = undefined;
    // Pids are used again: this one must not be taken for ours any more.
    await removeFile(this.#options.layout.pidFile);
    await this.#logOutput();
  }

  /** Passes HAProxy's words on, notices its end and starts it again when that is due. */
  async look(): Promise<void> {
    await this.#logOutput();
    if (this.#state === "waiting" && this.#timer === undefined) await this.#restart();
    else await this.#noticeEnd();
  }

  /** Forgets a planned start; a running HAProxy goes on. */
  release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #noticeEnd(): Promise<void> {
    if (this.#state !== "running" || (await this.#isRunning())) return;
    const ranMs = Math.round(performance.now() - this.#upAt);
    const event = "haproxy.process.ended";
    this.#options.logger.error({ event, pid: this.#pid, ranMs }, "haproxy ended by itself");
    await this.#failed(ranMs);
  }

  async #launch(): Promise<void> {
    const startedAt = performance.now();
    try {
      await this.#options.prepareNamespace();
      const child = await this.#spawn();
      this.#pid = child.pid;
      await this.#untilUp(child);
    } catch (cause) {
      const output = await this.#logOutput();
      await this.#failed(performance.now() - startedAt);
      throw withOutput("HAProxy did not start", output, cause);
    }
    this.#enter("up");
    await this.#logOutput();
  }

  async #spawn(): Promise<Detached> {
    const { layout, haproxyCmd, peer } = this.#options;
    await removeFile(layout.pidFile);
    const group = await groupFileArguments();
    // -db: the configuration says "daemon", which would hide HAProxy's words from us.
    const haproxy = [haproxyCmd, "-W", "-db", "-S", `${layout.masterSocket},mode,600`, "-f", layout.config];
    const args = [
      `--net=${NAMESPACE_HANDLE}`,
      "--",
      ...haproxy,
      ...group,
      "-p",
      layout.pidFile,
      "-L",
      peer(),
    ];
    return startDetached("nsenter", args, layout.output);
  }

  async #untilUp(child: Detached): Promise<void> {
    const end = new AbortController();
    const signal = AbortSignal.any([end.signal, AbortSignal.timeout(START_TIMEOUT_MS)]);
    void child.ended.then((how) => {
      end.abort(new AgentError("commandFailed", `HAProxy ended with ${how}`));
      this.#options.onDue();
    });
    await this.#master.untilUp(signal);
    this.#upAt = performance.now();
  }

  async #restart(): Promise<void> {
    this.#enter("due");
    try {
      await this.#launch();
      this.#options.logger.warn({ event: "haproxy.restart.done", pid: this.#pid }, "haproxy runs again");
    } catch (err) {
      this.#options.logger.error({ event: "haproxy.restart.failed", err }, "haproxy does not start");
    }
  }

  /** Clears away what is left and sets the time of the next start. */
  async #failed(ranMs: number): Promise<void> {
    if (this.#pid !== undefined) await this.#terminate(this.#pid);
    this.#pid = undefined;
    this.#enter("ended");
    this.#ends = countEnds(this.#ends, ranMs);
    const delayMs = backoffMs(this.#ends, Math.random());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#options.onDue();
    }, delayMs);
    this.#options.logger.info(
      { event: "haproxy.restart.due", ends: this.#ends, delayMs },
      "haproxy will be started again",
    );
  }

  /** Ends the master at once, with its connections, as the end of a unit does; then whoever is left of its group. */
  async #terminate(pid: number): Promise<void> {
    const gone = async () => ((await this.#isRunning()) ? undefined : true);
    if (!(await gone())) sendSignal(pid, "SIGTERM");
    const inTime = await waitFor(gone, AbortSignal.timeout(STOP_TIMEOUT_MS));
    sendSignal(-pid, "SIGKILL");
    if (inTime || (await waitFor(gone, AbortSignal.timeout(KILL_TIMEOUT_MS)))) return;
    throw new AgentError("commandFailed", `HAProxy (process ${pid}) does not end`);
  }

  async #isRunning(): Promise<boolean> {
    return this.#pid !== undefined && isRunning(this.#pid, this.#options.haproxyCmd);
  }

  async #logOutput(): Promise<string> {
    const text = await this.#output.read();
    for (const line of text.split("\n").filter(Boolean)) {
      this.#options.logger[levelOfOutput(line)]({ event: "haproxy.output.seen", line }, "haproxy said");
    }
    return text;
  }

  /** @returns whether the event means something in the present state */
  #enter(event: ProcessEvent): boolean {
    const state = nextState(this.#state, event);
    if (state === undefined) return false;
    this.#options.logger.debug(
      { event: "haproxy.state.changed", from: this.#state, to: state },
      "haproxy changed state",
    );
    this.#state = state;
    return true;
  }
}

function withOutput(message: string, output: string, cause: unknown): AgentError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const details = cause instanceof AgentError ? (cause.details ?? reason) : reason;
  return new AgentError("commandFailed", message, { details: `${output}${details}`.trim(), cause });
}
