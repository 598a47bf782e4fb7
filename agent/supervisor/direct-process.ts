/** One program that the agent itself runs: inside the namespace, detached from us, started again when it ends. */
import { NAMESPACE_HANDLE } from "../config/paths.ts";
import { AgentError } from "../errors.ts";
import { type Detached, sendSignal, startDetached } from "../system/detached.ts";
import { GrowingFile } from "../system/growing-file.ts";
import type { Logger } from "../system/logger.ts";
import { isRunning, runningPid } from "../system/processes.ts";
import { removeFile } from "../system/removal.ts";
import { backoffMs, countEnds, nextState, type ProcessEvent, type ProcessState } from "./plan-process.ts";
import type { Program, RunningProgram } from "./program.ts";
import { waitFor } from "./wait-for.ts";

const START_TIMEOUT_MS = 30_000;
const RELOAD_TIMEOUT_MS = 40_000;
const STOP_TIMEOUT_MS = 10_000;
const KILL_TIMEOUT_MS = 5_000;
/** keepalived's VRRP process lives on for 2 s after its parent's end, in which it gives the VIP up. */
const CHILDREN_TIMEOUT_MS = 4_000;
/** Characters of a program's words that an error carries. */
const LONGEST_DETAILS = 16_384;

export interface DirectProcessOptions {
  readonly program: Program;
  readonly prepareNamespace: () => Promise<void>;
  readonly logger: Logger;
  /** Calls back when this process should be looked at: it ended, or its next start is due. */
  readonly onDue: () => void;
}

/** Not safe for concurrent calls: its owner gives one at a time. */
export class DirectProcess {
  readonly #options: DirectProcessOptions;
  readonly #program: Program;
  readonly #output: GrowingFile;
  #state: ProcessState = "stopped";
  #pid: number | undefined;
  #said = "";
  #ends = 0;
  #upAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DirectProcessOptions) {
    this.#options = options;
    this.#program = options.program;
    this.#output = new GrowingFile(options.program.outputFile);
  }

  /** Undefined while it does not run, or is just starting. */
  get pid(): number | undefined {
    return this.#state === "running" ? this.#pid : undefined;
  }

  /** Takes a process over that an earlier agent left running. @returns whether there is one */
  async adopt(): Promise<boolean> {
    this.#pid = await runningPid(this.#program.pidFile, this.#program.executable);
    if (this.#pid === undefined) return false;
    // It was logged, or lost, with the earlier agent.
    await this.#output.read();
    this.#enter("up");
    return true;
  }

  /** @throws AgentError `commandFailed` with the program's words; then it is tried again until `stop` */
  async start(): Promise<void> {
    await this.#noticeEnd();
    if (this.#state === "running") return;
    this.release();
    if (!this.#enter("start")) {
      throw new AgentError("commandFailed", `${this.#program.name} is ${this.#state}`);
    }
    await this.#launch();
  }

  /** @throws AgentError `commandFailed` with the program's words; it goes on with its old configuration then */
  async reload(): Promise<void> {
    await this.#listenAnew();
    const running = this.#running(async () => {
      if (!(await this.#isRunning())) throw new AgentError("commandFailed", `${this.#program.name} ended`);
    });
    try {
      await running.guard();
      await this.#program.reload(running, AbortSignal.timeout(RELOAD_TIMEOUT_MS));
    } catch (cause) {
      throw withOutput(`${this.#program.name} did not reload`, await this.#logOutput(), cause);
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
    await this.#forgetPids();
    await this.#logOutput();
  }

  /** Passes the program's words on, notices its end and starts it again when that is due. */
  async look(): Promise<void> {
    await this.#logOutput();
    if (this.#state === "waiting" && this.#timer === undefined) await this.#restart();
    else await this.#noticeEnd();
  }

  /** Forgets a planned start; what runs goes on. */
  release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #noticeEnd(): Promise<void> {
    if (this.#state !== "running" || (await this.#isRunning())) return;
    const ranMs = Math.round(performance.now() - this.#upAt);
    const event = "service.process.ended";
    this.#options.logger.error({ event, pid: this.#pid, ranMs }, "service ended by itself");
    await this.#failed(ranMs);
  }

  async #launch(): Promise<void> {
    const startedAt = performance.now();
    await this.#listenAnew();
    try {
      await this.#options.prepareNamespace();
      const child = await this.#spawn();
      this.#pid = child.pid;
      await this.#untilUp(child);
    } catch (cause) {
      const said = await this.#logOutput();
      await this.#failed(performance.now() - startedAt);
      throw withOutput(`${this.#program.name} did not start`, said, cause);
    }
    this.#enter("up");
    await this.#logOutput();
  }

  async #spawn(): Promise<Detached> {
    // A program may refuse to start while its pid file names a living process, whatever that is (keepalived does).
    await this.#forgetPids();
    const command = await this.#program.command();
    return startDetached(
      "nsenter",
      [`--net=${NAMESPACE_HANDLE}`, "--", ...command],
      this.#program.outputFile,
    );
  }

  async #untilUp(child: Detached): Promise<void> {
    const end = new AbortController();
    const signal = AbortSignal.any([end.signal, AbortSignal.timeout(START_TIMEOUT_MS)]);
    void child.ended.then((how) => {
      end.abort(new AgentError("commandFailed", `${this.#program.name} ended with ${how}`));
      this.#options.onDue();
    });
    await this.#program.untilUp(
      this.#running(async () => signal.throwIfAborted()),
      signal,
    );
    this.#upAt = performance.now();
  }

  #running(guard: () => Promise<void>): RunningProgram {
    return { pid: this.#pid ?? 0, guard, output: () => this.#logOutput() };
  }

  async #restart(): Promise<void> {
    this.#enter("due");
    try {
      await this.#launch();
      this.#options.logger.warn({ event: "service.restart.done", pid: this.#pid }, "service runs again");
    } catch (err) {
      this.#options.logger.error({ event: "service.restart.failed", err }, "service does not start");
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
      { event: "service.restart.due", ends: this.#ends, delayMs },
      "service will be started again",
    );
  }

  /** Ends the process at once, as the end of a unit does; then whoever is left of its group. */
  async #terminate(pid: number): Promise<void> {
    const gone = async () => ((await this.#isRunning()) ? undefined : true);
    if (!(await gone())) sendSignal(pid, "SIGTERM");
    const inTime = await waitFor(gone, AbortSignal.timeout(STOP_TIMEOUT_MS));
    if (inTime) await this.#untilChildrenEnd();
    sendSignal(-pid, "SIGKILL");
    if (inTime || (await waitFor(gone, AbortSignal.timeout(KILL_TIMEOUT_MS)))) return;
    throw new AgentError("commandFailed", `${this.#program.name} (process ${pid}) does not end`);
  }

  /** Gives children of an ended process the time that they need to leave the host in order. */
  async #untilChildrenEnd(): Promise<void> {
    const { childPidFiles, executable } = this.#program;
    const pids = await Promise.all(childPidFiles.map((file) => runningPid(file, executable)));
    const signal = AbortSignal.timeout(CHILDREN_TIMEOUT_MS);
    for (const pid of pids) {
      if (pid !== undefined) await waitFor(async () => ((await isRunning(pid)) ? undefined : true), signal);
    }
  }

  /** Pids are used again: these must not be taken for ours any more. */
  async #forgetPids(): Promise<void> {
    const { pidFile, childPidFiles } = this.#program;
    for (const file of [pidFile, ...childPidFiles]) await removeFile(file);
  }

  async #isRunning(): Promise<boolean> {
    return this.#pid !== undefined && isRunning(this.#pid, this.#program.executable);
  }

  /** What was said until now does not belong to what comes. */
  async #listenAnew(): Promise<void> {
    await this.#logOutput();
    this.#said = "";
  }

  /** @returns the end of what the program said since the last start or reload began */
  async #logOutput(): Promise<string> {
    const text = await this.#output.read();
    for (const line of text.split("\n").filter(Boolean)) {
      const level = this.#program.levelOfOutput(line);
      this.#options.logger[level]({ event: "service.output.seen", line }, "service said");
    }
    this.#said = (this.#said + text).slice(-LONGEST_DETAILS);
    return this.#said;
  }

  /** @returns whether the event means something in the present state */
  #enter(event: ProcessEvent): boolean {
    const state = nextState(this.#state, event);
    if (state === undefined) return false;
    this.#options.logger.debug(
      { event: "service.state.changed", from: this.#state, to: state },
      "service changed state",
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
