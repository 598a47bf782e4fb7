/** Reads the statistics of every HAProxy on this amphora (docs/contract/heartbeat.md, section 4). */
import { isFile, type Names, namesIn } from "../system/files.ts";
import { namedPid, processExists } from "../system/processes.ts";
import { type Ask, ask } from "../system/unix-socket.ts";
import { parseStats, STATS_COMMAND } from "./stats-parse.ts";
import type { LoadBalancerSample } from "./types.ts";

export interface StatsReader {
  /** Ids of the load balancers that have a configuration. */
  list(): Promise<string[]>;
  /**
   * @returns undefined when HAProxy does not run
   * @throws the system error of the socket, AgentError `unavailable` when the answer is late or unusable
   */
  read(
    id: string,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<LoadBalancerSample | undefined>;
}

/** What else lies in the state directory (docs/contract/rest-api.md, 4.3). */
const NO_LOAD_BALANCERS = new Set(["certs", "lvs", "vrrp"]);

/**
 * Made for being asked every few seconds for years: as long as every HAProxy runs, one directory is listed and
 * one socket asked for each; pid files are only looked at when a socket does not answer.
 * @param basePath - state directory, `[haproxy_amphora] base_path`
 * @param names - how it is listed
 * @param askHaproxy - how the socket is asked
 */
export function createStatsReader(
  basePath: () => string,
  names: () => Promise<Names> = () => namesIn(basePath()),
  askHaproxy: Ask = ask,
): StatsReader {
  return {
    async list() {
      const { directories, others } = await names();
      const ids = directories.filter((name) => !NO_LOAD_BALANCERS.has(name));
      // HAProxy's socket is there from its first start to the deletion of the load balancer.
      const without = ids.filter((id) => !others.has(`${id}.sock`));
      if (without.length === 0) return ids;
      const known = await Promise.all(without.map((id) => isFile(`${basePath()}/${id}/haproxy.cfg`)));
      const unknown = new Set(without.filter((_id, index) => !known[index]));
      return ids.filter((id) => !unknown.has(id));
    },
    async read(id, options) {
      const base = basePath();
      let answer: Buffer;
      try {
        answer = await askHaproxy(`${base}/${id}.sock`, STATS_COMMAND, options);
      } catch (error) {
        const pid = await namedPid(`${base}/${id}/${id}.pid`);
        if (pid === undefined || !processExists(pid)) return undefined;
        throw error;
      }
      return parseStats(answer);
    },
  };
}
