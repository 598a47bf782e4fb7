/** Processes as pid files and /proc show them. */
import { basename } from "node:path";
import { systemErrorCode } from "../errors.ts";
import { readIfPresent } from "./files.ts";

/** The kernel keeps this many characters of a program's name. */
const COMMAND_LENGTH = 15;

/**
 * The process that a pid file names, if it runs (docs/contract/rest-api.md, 2.4 and section 7, row 14).
 * @param program - path or name that the process must have been started from: pids are used again
 * @returns undefined also for an empty or malformed file, and for a process that has ended but was not yet reaped
 */
export async function runningPid(pidFile: string, program?: string): Promise<number | undefined> {
  const pid = await namedPid(pidFile);
  return pid !== undefined && (await isRunning(pid, program)) ? pid : undefined;
}

/**
 * Whether a process runs: for a pid that is known, since programs empty their pid file for a moment when
 * they write it anew (HAProxy at each reload).
 * @param program - as of {@link runningPid}
 */
export async function isRunning(pid: number, program?: string): Promise<boolean> {
  const command = await commandOf(pid);
  if (command === undefined) return false;
  return program === undefined || command === basename(program).slice(0, COMMAND_LENGTH);
}

/** The pid in the first line of a file, whether or not there is such a process. */
export async function namedPid(pidFile: string): Promise<number | undefined> {
  const text = await readIfPresent(pidFile);
  return text && parsePid(text.toString("latin1"));
}

/** Whether `/proc/<pid>` exists, without asking the file system: for what is asked every few seconds. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "ESRCH") return false;
    // It is there, but belongs to another user.
    if (systemErrorCode(error) === "EPERM") return true;
    throw error;
  }
}

function parsePid(text: string): number | undefined {
  const [line = ""] = text.split("\n", 1);
  return /^\s*[1-9]\d{0,9}\s*$/.test(line) ? Number(line) : undefined;
}

/** Name of a living process: of `/proc/<pid>/stat`, which holds the state too. */
async function commandOf(pid: number): Promise<string | undefined> {
  const stat = await statOf(pid);
  const [, command, state] = /\((.*)\) (\S)/s.exec(stat?.toString("latin1") ?? "") ?? [];
  return state === undefined || "ZX".includes(state) ? undefined : command;
}

async function statOf(pid: number): Promise<Buffer | undefined> {
  try {
    return await readIfPresent(`/proc/${pid}/stat`);
  } catch (error) {
    // It ended between the opening and the reading of the file.
    if (systemErrorCode(error) === "ESRCH") return undefined;
    throw error;
  }
}

/** Place of `starttime` in `/proc/<pid>/stat`, behind the program's name (proc_pid_stat(5), field 22). */
const START_TIME = 19;

/** When a process was started, in clock ticks since the boot; undefined when there is none. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  const text = (await statOf(pid))?.toString("latin1") ?? "";
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[START_TIME];
}

const BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id";

/** Another one with each boot: pids and times of starts mean something only together with it. */
export async function readBootId(): Promise<string> {
  return (await readIfPresent(BOOT_ID_FILE))?.toString("latin1").trim() ?? "";
}
