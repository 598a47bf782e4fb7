/** Puts the statistics of LVS listeners beside HAProxy's, on amphorae that have such listeners. */
import type { StatsSource } from "./samples.ts";

/** All LVS listeners together: what `StatsSource.read` is for one load balancer. */
export interface LvsSource {
  read(options: { readonly signal: AbortSignal }): ReturnType<StatsSource["read"]>;
}

/** Its directory below the state directory: no load balancer can have this id. */
const LVS = "lvs";

/**
 * Without an LVS directory nothing else is done or loaded.
 * @param load - called once, when there is such a directory
 */
export function withLvs(haproxy: StatsSource, load: () => Promise<LvsSource>): StatsSource {
  let lvs: Promise<LvsSource> | undefined;
  let ending = new AbortController();
  async function readLvs(): ReturnType<StatsSource["read"]> {
    lvs ??= load();
    ending = new AbortController();
    const { signal } = ending;
    return await (await lvs).read({ signal });
  }

  return {
    list(names) {
      return names.directories.includes(LVS) ? listAlso(haproxy.list(names)) : haproxy.list(names);
    },
    read(id) {
      return id === LVS ? readLvs() : haproxy.read(id);
    },
    release(id, reason) {
      if (id === LVS) ending.abort(reason);
      else haproxy.release(id, reason);
    },
    close() {
      ending.abort(new Error("heartbeats are stopping"));
      haproxy.close();
    },
  };
}

async function listAlso(others: ReturnType<StatsSource["list"]>): Promise<string[]> {
  return [...(await others), LVS];
}
