/** Puts the statistics of LVS listeners beside HAProxy's, on amphorae that have such listeners. */
import type { Names } from "../system/files.ts";
import type { StatsSource } from "./samples.ts";

/** All LVS listeners together: what `StatsSource.read` is for one load balancer. */
export interface LvsSource {
  read(options: Parameters<StatsSource["read"]>[1]): ReturnType<StatsSource["read"]>;
}

/** Its directory below the state directory: no load balancer can have this id. */
const LVS = "lvs";

/**
 * @param names - names inside the state directory; without an LVS directory there nothing else is done or loaded
 * @param load - called once, when there is such a directory
 */
export function withLvs(
  haproxy: StatsSource,
  names: () => Promise<Names>,
  load: () => Promise<LvsSource>,
): StatsSource {
  let lvs: Promise<LvsSource> | undefined;
  return {
    async list() {
      const ids = await haproxy.list();
      return (await names()).directories.includes(LVS) ? [...ids, LVS] : ids;
    },
    async read(id, options) {
      if (id !== LVS) return await haproxy.read(id, options);
      lvs ??= load();
      return await (await lvs).read(options);
    },
  };
}
