/** Reads the statistics of every HAProxy on this amphora (docs/contract/heartbeat.md, section 4). */
import { directoriesIn, isFile } from "../system/files.ts";
import { namedPid, processExists } from "../system/processes.ts";
import { type Ask, ask } from "../system/unix-socket.ts";
import { parseStats, STATS_COMMAND } from "./stats-parse.ts";
import type { LoadBalancerSample } from "./types.ts";

export interface StatsReader {
  /** Ids of the load balancers that have a configuration. */
  list(): Promise<string[]>;
  /**
   * @returns undefined when HAProxy does not run; its socket is not tried then
   * @throws the system error of the socket, AgentError `unavailable` when the answer is late or unusable
   */
  read(
    id: string,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<LoadBalancerSample | undefined>;
}

/**
 * @param basePath - state directory, `[haproxy_amphora] base_path`
 * @param askHaproxy - how the socket is asked
 */
export function createStatsReader(basePath: () => string, askHaproxy: Ask = ask): StatsReader {
  return {
    async list() {
      const directories = await directoriesIn(basePath());
      const found = await Promise.all(directories.map((id) => isFile(`${basePath()}/${id}/haproxy.cfg`)));
      return directories.filter((_id, index) => found[index]);
    },
    async read(id, options) {
      const base = basePath();
      const pid = await namedPid(`${base}/${id}/${id}.pid`);
      if (pid === undefined || !processExists(pid)) return undefined;
      return parseStats(await askHaproxy(`${base}/${id}.sock`, STATS_COMMAND, options));
    },
  };
}
