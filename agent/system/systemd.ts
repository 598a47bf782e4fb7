/** systemd's unit files and its control program. */
import { lstat, stat, symlink } from "node:fs/promises";
import { UNIT_DIRECTORY } from "../config/paths.ts";
import { AgentError, systemErrorCode } from "../errors.ts";
import { keepFile, makeDirectory, missingOf, syncDirectory } from "./files.ts";
import { removeDirectory, removeFile } from "./removal.ts";
import type { Outcome, Try } from "./run.ts";

/** What `systemctl enable` of a unit with `WantedBy=multi-user.target` puts a link into. */
const WANTED_AT_BOOT = "/etc/systemd/system/multi-user.target.wants";
const RELOAD_TIMEOUT_MS = 30_000;

/** Whether systemd is the running init (sd_booted(3)). */
export async function isSystemdInit(): Promise<boolean> {
  return exists(() => stat("/run/systemd/system"));
}

/** File of what the agent adds to a unit, below the directory of unit files. */
export function dropInOf(unit: string): string {
  return `${unit}.d/amphora-agent.conf`;
}

export class SystemdUnits {
  readonly #tryRun: Try;
  #isReloadDue = false;

  constructor(tryRun: Try) {
    this.#tryRun = tryRun;
  }

  /** Writes a unit's file unless it has this text already; `reload` makes systemd see it. */
  async write(unit: string, text: string): Promise<void> {
    if (await keepFile(`${UNIT_DIRECTORY}/${unit}`, text, 0o644)) this.#isReloadDue = true;
  }

  /** Writes what the agent adds to a unit of a given text (systemd.unit(5), "drop-in"), as {@link write} does. */
  async amend(unit: string, text: string): Promise<void> {
    await makeDirectory(`${UNIT_DIRECTORY}/${unit}.d`);
    await this.write(dropInOf(unit), text);
  }

  /**
   * Lets systemd read changed unit files, if there are any.
   * @throws AgentError `commandFailed` with systemctl's words; the next call tries again
   */
  async reload(): Promise<void> {
    if (!this.#isReloadDue) return;
    const { exitCode, output } = await this.control(["daemon-reload"], RELOAD_TIMEOUT_MS);
    if (exitCode !== 0) {
      throw new AgentError("commandFailed", "systemctl daemon-reload failed", { details: output });
    }
    this.#isReloadDue = false;
  }

  /**
   * Has a unit started at boot. The link is all that `systemctl enable` would add, at the price of a
   * process and a daemon-reload each time (docs/contract/field-notes.md, "Kernel and tools").
   */
  async enable(unit: string): Promise<void> {
    const path = `${WANTED_AT_BOOT}/${unit}`;
    if (await exists(() => lstat(path))) return;
    await makeDirectory(WANTED_AT_BOOT);
    await symlink(`${UNIT_DIRECTORY}/${unit}`, path);
    await syncDirectory(WANTED_AT_BOOT);
  }

  /** Those of a unit's files, the link that starts it at boot among them, that are missing or empty. */
  async missing(unit: string, files: readonly string[]): Promise<string[]> {
    const missing = await missingOf(files.map((file) => `${UNIT_DIRECTORY}/${file}`));
    const link = `${WANTED_AT_BOOT}/${unit}`;
    return (await exists(() => lstat(link))) ? missing : [...missing, link];
  }

  /** Deletes a unit's files and its start at boot; `reload` makes systemd forget it. */
  async remove(unit: string): Promise<void> {
    this.#isReloadDue = true;
    await removeFile(`${WANTED_AT_BOOT}/${unit}`);
    await removeDirectory(`${UNIT_DIRECTORY}/${unit}.d`);
    await removeFile(`${UNIT_DIRECTORY}/${unit}`);
  }

  /** Runs systemctl. */
  async control(args: readonly string[], timeoutMs: number): Promise<Outcome> {
    return this.#tryRun("systemctl", args, { timeoutMs });
  }
}

async function exists(look: () => Promise<unknown>): Promise<boolean> {
  try {
    await look();
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return false;
    throw error;
  }
}
