/** A program that the agent itself keeps running, as far as all of them are alike. */

/** The one that runs now. */
export interface RunningProgram {
  readonly pid: number;
  /** @throws AgentError when it has ended: there is nothing to wait for any more */
  guard(): Promise<void>;
  /** What it has printed since its start, or the present reload, began. */
  output(): Promise<string>;
}

export interface Program {
  /** As operators call it. */
  readonly name: string;
  /** Path or name that its processes are started from. */
  readonly executable: string;
  readonly pidFile: string;
  /** Pid files of processes of its own that end by themselves, but some moments after it. */
  readonly childPidFiles: readonly string[];
  /** Where what it prints goes. */
  readonly outputFile: string;
  /** File and arguments that run it in the foreground, and within the namespace. */
  command(): Promise<readonly string[]>;
  /**
   * Waits until it does its work.
   * @param signal - ends the waiting with its own reason
   */
  untilUp(running: RunningProgram, signal: AbortSignal): Promise<void>;
  /**
   * Has it work with the configuration that is stored now.
   * @throws AgentError `commandFailed` when it goes on with the old one
   */
  reload(running: RunningProgram, signal: AbortSignal): Promise<void>;
  levelOfOutput(line: string): "error" | "warn" | "info";
}
