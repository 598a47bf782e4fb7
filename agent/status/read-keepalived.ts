/** keepalived's processes as their files show them: the one that shares the VIP, and one per UDP or SCTP listener. */
import { KEEPALIVED } from "../config/paths.ts";
import { lvsDirectory, lvsLayout } from "../lvs/layout.ts";
import { listLvsListeners } from "../lvs/list.ts";
import { showEndpoint } from "../lvs/parse-endpoint.ts";
import { parseLvsListener } from "../lvs/parse-listener.ts";
import { createKernelReader } from "../lvs/read-kernel.ts";
import { LvsStatistics } from "../lvs/read-statistics.ts";
import type { LvsListenerId } from "../lvs/types.ts";
import { modifiedNs } from "../system/file-stamp.ts";
import { namesIn, readIfPresent } from "../system/files.ts";
import { runningPid } from "../system/processes.ts";
import { run } from "../system/run.ts";
import { vrrpLayout } from "../vrrp/layout.ts";
import { parseInstanceNames } from "../vrrp/parse-instances.ts";
import { parseRoles } from "../vrrp/parse-roles.ts";
import type { VrrpInstance } from "../vrrp/types.ts";
import { attempt } from "./attempt.ts";
import type { Facts, LvsFacts, VrrpFacts } from "./facts.ts";
import { isWanted } from "./read-wanted.ts";

const KERNEL_TIMEOUT_MS = 3_000;

/**
 * @param told - what the agent says of the instances; without an agent its file says what it last heard
 * @returns undefined where keepalived is not configured
 */
export async function readVrrp(
  basePath: string,
  told: readonly VrrpInstance[] | undefined,
): Promise<VrrpFacts | undefined> {
  const { config, pidFile, roles } = vrrpLayout(basePath);
  const text = await readIfPresent(config);
  if (!text) return undefined;
  const [pid, startedNs, kept] = await Promise.all([
    runningPid(pidFile, KEEPALIVED),
    modifiedNs(pidFile),
    readIfPresent(roles),
  ]);
  if (told) return { pid, instances: told };
  const known = kept && parseRoles(kept.toString("utf8"));
  const isCurrent = known?.keepalived === `${pid} ${startedNs}`;
  const names = parseInstanceNames(text.toString("utf8"));
  return { pid, instances: isCurrent ? known.instances.filter(({ name }) => names.has(name)) : [] };
}

type Lvs = Extract<Facts["lvs"], { value: unknown }>["value"];

export async function readLvs(basePath: string): Promise<Lvs> {
  const ids = await listLvsListeners(basePath);
  if (ids.length === 0) return { listeners: [], sample: { value: undefined } };
  const names = () => namesIn(lvsDirectory(basePath));
  const statistics = new LvsStatistics({ basePath, names, readKernel: createKernelReader(run) });
  const [listeners, sample] = await Promise.all([
    Promise.all(ids.map((id) => readListener(basePath, id))),
    attempt(async () => {
      const found = await statistics.read({ timeoutMs: KERNEL_TIMEOUT_MS });
      if (found?.defect !== undefined) throw new Error(found.defect);
      return found;
    }),
  ]);
  return { listeners, sample };
}

async function readListener(basePath: string, id: LvsListenerId): Promise<LvsFacts> {
  const { config, pidFile } = lvsLayout(basePath, id);
  const [bytes, pid] = await Promise.all([readIfPresent(config), runningPid(pidFile, KEEPALIVED)]);
  const text = bytes?.toString("utf8") ?? "";
  const { disabled, services, pool } = parseLvsListener(text);
  return {
    id,
    protocol: /^\s*protocol\s+SCTP/im.test(text) ? "SCTP" : "UDP",
    addresses: services.map((service) => showEndpoint(service.slice(service.indexOf(" ") + 1))),
    disabled,
    pid,
    wanted: pid !== undefined || (await isWanted({ kind: "lvs", id }, basePath)),
    poolId: pool?.id,
    members: new Map(
      pool?.members.map((member) => [member.id, member.server && showEndpoint(member.server)]),
    ),
  };
}
