/** Listeners as API 0.5 sees them: each one a HAProxy of its own (docs/contract/rest-api.md, section 6). */
import { readIfPresent } from "../system/files.ts";
import { runningPid } from "../system/processes.ts";
import { type Ask, ask } from "../system/unix-socket.ts";
import { parseLoadBalancerId } from "./ids.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { listLoadBalancers } from "./list.ts";
import { parseStatsSocket } from "./parse-config.ts";
import { POOLS_COMMAND, parsePools } from "./stats-parse.ts";
import type { InstanceStatus, Instances, ListenerStatus } from "./types.ts";

const STATS_TIMEOUT_MS = 5_000;

export interface InstancesOptions {
  readonly basePath: string;
  readonly haproxyCmd: string;
  readonly ask?: Ask;
}

export function createInstances({ basePath, haproxyCmd, ask: asked = ask }: InstancesOptions): Instances {
  const look = async (id: string): Promise<ListenerStatus & { readonly config: string }> => {
    const layout = layoutOf(basePath, id as Parameters<typeof layoutOf>[1]);
    const config = (await readIfPresent(layout.config))?.toString("utf8") ?? "";
    const status = await statusOf(layout, id, config, haproxyCmd);
    return { status, uuid: id, type: status === "ACTIVE" ? typeOf(config) : "", config };
  };
  return {
    async listeners() {
      const found = await Promise.all((await listLoadBalancers(basePath)).map(look));
      return found.map(({ status, uuid, type }) => ({ status, uuid, type }));
    },
    async show(text): Promise<InstanceStatus | undefined> {
      const id = parseLoadBalancerId(text);
      if (id === undefined || !(await listLoadBalancers(basePath)).includes(id)) return undefined;
      const { config, ...listener } = await look(id);
      if (listener.status !== "ACTIVE") return listener;
      const socket = parseStatsSocket(config);
      if (socket === undefined) throw new Error("haproxy.cfg names no stats socket");
      const answer = await asked(socket, POOLS_COMMAND, { timeoutMs: STATS_TIMEOUT_MS });
      return { ...listener, pools: parsePools(answer, { isPoolName: () => true }).pools };
    },
  };
}

async function statusOf(
  { pidFile }: Layout,
  id: string,
  config: string,
  haproxyCmd: string,
): Promise<ListenerStatus["status"]> {
  if ((await readIfPresent(pidFile)) === undefined) return "OFFLINE";
  if ((await runningPid(pidFile, haproxyCmd)) === undefined) return "ERROR";
  // A listener that is disabled has a process without a frontend.
  return config.split("\n").includes(`frontend ${id}`) ? "ACTIVE" : "OFFLINE";
}

/** @throws Error when there is no mode: the contract's 500 */
function typeOf(config: string): string {
  if (/^\s*bind\s.*\sssl crt(?:-list)?\s/m.test(config)) return "TERMINATED_HTTPS";
  const mode = /^\s*mode\s+(http|tcp)/m.exec(config)?.[1];
  if (mode === undefined) throw new Error("haproxy.cfg has no mode");
  return mode.toUpperCase();
}
