/** Whether a service that does not run is meant to: what the agent knows, for who looks from outside. */
import { parseRecord } from "../supervisor/parse-record.ts";
import { isMeantToRun } from "../supervisor/parse-systemctl.ts";
import { recordOf } from "../supervisor/programs.ts";
import { unitName } from "../supervisor/service-name.ts";
import type { Service } from "../supervisor/types.ts";
import { readIfPresent } from "../system/files.ts";
import { tryRun } from "../system/run.ts";
import { isSystemdInit } from "../system/systemd.ts";

const SHOW_TIMEOUT_MS = 5_000;

/** By the agent's own record where it has one, else by systemd. */
export async function isWanted(service: Service, basePath: string): Promise<boolean> {
  const bytes = await readIfPresent(recordOf(service, basePath));
  const record = bytes && parseRecord(bytes.toString("utf8"));
  if (record) return record.wanted === "running";
  if (!(await isSystemdInit())) return false;
  const args = ["show", "--property=ActiveState,Job", unitName(service)];
  const { exitCode, stdout } = await tryRun("systemctl", args, { timeoutMs: SHOW_TIMEOUT_MS });
  return exitCode === 0 && isMeantToRun(stdout);
}
