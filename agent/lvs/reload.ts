/** Has the keepalived of a listener work with other members, without an interruption for those that stay. */
import { setTimeout as sleep } from "node:timers/promises";
import { NAMESPACE_HANDLE } from "../config/paths.ts";
import type { LvsService, Supervisor } from "../supervisor/types.ts";
import { touch } from "../system/file-stamp.ts";
import { readNamespaceFile } from "../system/namespace-file.ts";
import { namedPid } from "../system/processes.ts";
import type { LvsLayout } from "./layout.ts";
import { isReached, isServed, planChange } from "./plan-change.ts";

/** A keepalived that is not done by then is restarted; the controller gives the call up after 60 s. */
const LIMIT_MS = 20_000;
const LOOK_MS = 20;

export interface ReloadOptions {
  readonly layout: LvsLayout;
  readonly service: LvsService;
  readonly supervisor: Pick<Supervisor, "reload">;
  /** What it works with, and what it is to work with. */
  readonly before: string;
  readonly after: string;
}

/** @returns whether the kernel serves the members as they are configured now; otherwise only a restart will do */
export async function reloadMembers(options: ReloadOptions): Promise<boolean> {
  const { layout, service, supervisor, before, after } = options;
  const change = planChange(before, after);
  if (change.kind === "restart") return false;
  const kernel = async (isSo: (table: string) => boolean): Promise<boolean> => {
    const table = await readTable(layout);
    return table !== undefined && isSo(table);
  };
  // Before that, a signal could end it.
  if (!(await kernel((table) => isServed(before, table)))) return false;
  await supervisor.reload(service);
  const deadline = performance.now() + LIMIT_MS;
  while (!(await kernel((table) => isReached(change, after, table)))) {
    if (performance.now() > deadline) return false;
    await sleep(LOOK_MS);
  }
  // Heartbeats tell by its time whether members are checked as they are configured (docs/contract/heartbeat.md, 5.4).
  await touch(layout.checkPidFile);
  return true;
}

/** @returns undefined when there is no checker in the namespace, or no `ip_vs` in the kernel */
async function readTable({ checkPidFile }: LvsLayout): Promise<string | undefined> {
  const pid = await namedPid(checkPidFile);
  if (pid === undefined) return undefined;
  return (await readNamespaceFile(pid, NAMESPACE_HANDLE, "ip_vs"))?.toString("latin1");
}
