/** Load balancers as their files and their HAProxys show them. */
import type { Config } from "../config/types.ts";
import { AgentError } from "../errors.ts";
import { layoutOf } from "../loadbalancer/layout.ts";
import { listLoadBalancers } from "../loadbalancer/list.ts";
import type { LoadBalancerId } from "../loadbalancer/types.ts";
import { MasterSocket } from "../supervisor/master-socket.ts";
import { parseUptime } from "../supervisor/parse-systemctl.ts";
import { readIfPresent } from "../system/files.ts";
import { runningPid } from "../system/processes.ts";
import { RuntimeSession } from "../system/runtime-session.ts";
import { ask } from "../system/unix-socket.ts";
import { attempt } from "./attempt.ts";
import type { HaproxyAnswer, LoadBalancerFacts } from "./facts.ts";
import { parseHaproxyConfig } from "./parse-haproxy-config.ts";
import { parseStatistics, STATISTICS_COMMAND } from "./parse-statistics.ts";
import { isWanted } from "./read-wanted.ts";

const ANSWER_TIMEOUT_MS = 3_000;

export async function readLoadBalancers(config: Config): Promise<LoadBalancerFacts[]> {
  const ids = await listLoadBalancers(config.basePath);
  return Promise.all(ids.map((id) => readLoadBalancer(config, id)));
}

async function readLoadBalancer(
  { basePath, haproxyCmd }: Config,
  id: LoadBalancerId,
): Promise<LoadBalancerFacts> {
  const layout = layoutOf(basePath, id);
  const [text, pid] = await Promise.all([
    readIfPresent(layout.config),
    runningPid(layout.pidFile, haproxyCmd),
  ]);
  return {
    id,
    ...parseHaproxyConfig(text?.toString("utf8") ?? ""),
    pid,
    wanted: pid !== undefined || (await isWanted({ kind: "haproxy", id }, basePath)),
    answer:
      pid === undefined ? undefined : await attempt(() => askHaproxy(layout.socket, layout.masterSocket)),
  };
}

/** @throws the system error of the socket, AgentError `unavailable` */
async function askHaproxy(socket: string, masterSocket: string): Promise<HaproxyAnswer> {
  const [{ info, statistics }, processes] = await Promise.all([
    askWorker(socket),
    new MasterSocket(masterSocket, ask).processes(),
  ]);
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(info)?.[1];
  return {
    version: field("Version"),
    uptimeSeconds: parseUptime(info),
    currentConnections: Number(field("CurrConns") ?? 0),
    connectionLimit: Number(field("Maxconn") ?? 0),
    workers: processes && { current: processes.workers, old: processes.oldWorkers },
    statistics,
  };
}

async function askWorker(socket: string) {
  const session = new RuntimeSession(socket);
  const late = new AgentError("unavailable", `no answer within ${ANSWER_TIMEOUT_MS / 1_000} s`);
  const timer = setTimeout(() => session.close(late), ANSWER_TIMEOUT_MS);
  try {
    const [info, rows] = await session.ask(["show info", STATISTICS_COMMAND]);
    return { info: info?.toString("utf8") ?? "", statistics: parseStatistics(rows ?? Buffer.alloc(0)) };
  } finally {
    clearTimeout(timer);
    session.close();
  }
}
