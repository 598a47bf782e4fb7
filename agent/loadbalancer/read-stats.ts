/** Reads the statistics of every HAProxy on this amphora (docs/contract/heartbeat.md, section 4). */
import { AgentError } from "../errors.ts";
import { isFile, type Names } from "../system/files.ts";
import { namedPid, processExists } from "../system/processes.ts";
import type { LeavingWorker } from "./leaving-workers.ts";
import { SampleReader } from "./sample-reader.ts";
import type { LoadBalancerSample } from "./types.ts";

export interface StatsReader {
  /**
   * Ids of the load balancers that have a configuration.
   * @param names - what is in the state directory
   */
  list(names: Names): readonly string[] | Promise<readonly string[]>;
  /**
   * One reading of a load balancer at a time; its only time limit is {@link StatsReader.release}.
   * @returns undefined when HAProxy does not run
   * @throws the system error of the socket, AgentError `unavailable` when the answer is unusable
   */
  read(id: string): Promise<LoadBalancerSample | undefined>;
  /**
   * Ends the session with the load balancer's HAProxy. A worker that a reload has replaced can go then; a reading
   * that is under way fails.
   * @param reason - what that reading fails with
   */
  release(id: string, reason?: Error): void;
  /**
   * To be called before a reload: what the present worker counts is not lost with it.
   * @throws as of a session that cannot be opened; then it is
   */
  hold(id: string): Promise<void>;
  /** Another worker has taken the place of the one that is held. */
  replaced(id: string): void;
  /** Servers that no sample shall have any more, as `<backend>/<server>`: they only finish what they have. */
  leave(id: string, servers: ReadonlySet<string>): void;
  /** Ends all sessions. */
  close(): void;
}

/** What else lies in the state directory (docs/contract/rest-api.md, 4.3). */
const NO_LOAD_BALANCERS = new Set(["certs", "lvs", "vrrp"]);

/** What a worker says of its frontends once another one has taken its place (HAProxy 2.6, measured). */
const STOPPED = "STOP";

/** @throws AgentError `unavailable` when whoever is at the other end of a kept session cannot speak for HAProxy any more */
function speakingOnly(sample: LoadBalancerSample): LoadBalancerSample {
  const hasStopped = sample.listeners.some(({ status }) => status === STOPPED);
  if (hasStopped) throw new AgentError("unavailable", "another worker has taken this one's place");
  return sample;
}

/**
 * Made for being asked every few seconds for years: as long as every HAProxy runs, one session with each is kept
 * and asked; pid files are only looked at when there is no answer.
 * @param basePath - state directory, `[haproxy_amphora] base_path`
 */
export function createStatsReader(basePath: () => string): StatsReader {
  const readers = new Map<string, SampleReader>();
  const held = new Map<string, LeavingWorker>();
  /** The oldest first. */
  const leaving = new Map<string, readonly LeavingWorker[]>();
  const departed = new Map<string, ReadonlySet<string>>();
  /** The last list that the names alone told. */
  let listed: { readonly names: Names; readonly ids: readonly string[] } | undefined;

  function readerOf(id: string): SampleReader {
    const known = readers.get(id);
    if (known) return known;
    const reader = new SampleReader(id, `${basePath()}/${id}.sock`);
    readers.set(id, reader);
    return reader;
  }

  function release(id: string, reason?: Error): void {
    readers.get(id)?.close(reason);
    readers.delete(id);
  }

  async function configured(ids: readonly string[], doubtful: readonly string[]): Promise<string[]> {
    const known = await Promise.all(doubtful.map((id) => isFile(`${basePath()}/${id}/haproxy.cfg`)));
    const unknown = new Set(doubtful.filter((_id, index) => !known[index]));
    return ids.filter((id) => !unknown.has(id));
  }

  /** Without a turn more than needed: this is what happens every few seconds, for years. */
  function readKept(id: string, reader: SampleReader): Promise<LoadBalancerSample | undefined> {
    return reader
      .read(departed.get(id))
      .then(speakingOnly)
      .catch((error: unknown) => {
        // Released: the caller wants no second try.
        if (readers.get(id) !== reader) throw error;
        reader.close();
        return readAnew(id, reader);
      });
  }

  async function readAnew(id: string, reader: SampleReader): Promise<LoadBalancerSample | undefined> {
    try {
      return await reader.read(departed.get(id));
    } catch (error) {
      reader.close();
      const pid = await namedPid(`${basePath()}/${id}/${id}.pid`);
      if (pid === undefined || !processExists(pid)) return undefined;
      throw error;
    }
  }

  async function addLeaving(id: string, reading: Promise<LoadBalancerSample | undefined>): typeof reading {
    const sample = await reading;
    const workers = leaving.get(id)?.filter(({ isForgotten }) => !isForgotten);
    if (!workers) return sample;
    if (workers.length === 0) leaving.delete(id);
    else leaving.set(id, workers);
    if (!sample) return sample;
    const { withLeaving } = await import("./leaving-workers.ts");
    return withLeaving(sample, workers);
  }

  return {
    list(names) {
      if (listed?.names === names) return listed.ids;
      const { directories, others } = names;
      const ids = directories.filter((name) => !NO_LOAD_BALANCERS.has(name));
      // HAProxy's socket is there from its first start to the deletion of the load balancer.
      const without = ids.filter((id) => !others.has(`${id}.sock`));
      if (without.length > 0) return configured(ids, without);
      listed = { names, ids };
      return ids;
    },
    read(id) {
      const reader = readerOf(id);
      const reading = reader.isOpen ? readKept(id, reader) : readAnew(id, reader);
      return leaving.has(id) ? addLeaving(id, reading) : reading;
    },
    async hold(id) {
      const { LeavingWorker } = await import("./leaving-workers.ts");
      held.get(id)?.close();
      held.delete(id);
      held.set(id, await LeavingWorker.hold(`${basePath()}/${id}.sock`));
    },
    replaced(id) {
      release(id);
      const worker = held.get(id);
      held.delete(id);
      if (worker) leaving.set(id, [...(leaving.get(id) ?? []), worker]);
    },
    leave(id, servers) {
      if (servers.size > 0) departed.set(id, servers);
      else departed.delete(id);
    },
    release,
    close() {
      for (const id of readers.keys()) release(id);
      for (const worker of [...held.values(), ...[...leaving.values()].flat()]) worker.close();
    },
  };
}
