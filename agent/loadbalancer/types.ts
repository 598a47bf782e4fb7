/** The words of the load balancer domain: one load balancer is one HAProxy process. */
import type { Config } from "../config/types.ts";
import type { ObjectId } from "../object-id.ts";
import type { HistoryEntry } from "./runtime/types.ts";

export type LoadBalancerId = ObjectId;

/** One entry of `GET /1.0/listeners` (docs/contract/rest-api.md, R4). */
export interface ListenerStatus {
  readonly status: "ACTIVE" | "OFFLINE" | "ERROR";
  readonly uuid: string;
  readonly type: string;
}

/** Everything that the REST API asks of load balancers (R4 to R8). Each method is serialised per id by its implementation. */
export interface LoadBalancers {
  /**
   * R5: stores, validates and activates a configuration.
   * @throws AgentError `invalidInput` "Invalid request" with HAProxy's words, the old file stays
   */
  upload(amphoraId: string, id: string, body: Buffer): Promise<void>;
  /** R6. @throws AgentError `notFound` "Loadbalancer Not Found" */
  download(id: string): Promise<Buffer>;
  /** R7, action not yet checked. @returns `details` of the answer */
  act(id: string, action: string): Promise<string>;
  /** R8; unknown ids succeed. */
  delete(id: string): Promise<void>;
  /** Whether there is a load balancer with this id. */
  has(id: string): Promise<boolean>;
  /** R4, HAProxy part, in order of appearance. */
  listeners(): Promise<ListenerStatus[]>;
  /** `haproxy_count` of R3. */
  countRunning(): Promise<number>;
  /** Runtime sockets of the load balancers that are meant to run, whether they do at this moment or not. */
  wantedSockets(): Promise<string[]>;
  /** To be called once: goes on with what an earlier agent has left to do. */
  resume(): Promise<void>;
  /** The last changes of each load balancer, oldest first, by its id. */
  history(): Promise<Readonly<Record<string, readonly HistoryEntry[]>>>;
}

/** How a new configuration took effect: by HAProxy's runtime API, not at all as nothing was new, by a reload, or not. */
export type ChangeResult = "runtime" | "unchanged" | "reload" | "failed";

/** One listener, with pools if it is active; their keys may be the pool's id alone. */
export interface InstanceStatus extends ListenerStatus {
  readonly pools?: readonly PoolSample[];
}

/** Listeners that are each a HAProxy of their own (docs/contract/rest-api.md, section 6). */
export interface Instances {
  /** With a status that was really checked; `type` is empty unless it is active. */
  listeners(): Promise<ListenerStatus[]>;
  /** @returns undefined for an unknown one. @throws what keeps the statistics from being read */
  show(id: string): Promise<InstanceStatus | undefined>;
}

/** How HAProxy's workers leave that a reload has replaced: options of the agent, in its words. */
export type WorkerLimits = Pick<
  Config,
  | "haproxyCloseSpreadSeconds"
  | "haproxyOldWorkerSeconds"
  | "haproxyOldWorkers"
  | "haproxyMemoryReservePercent"
>;

/** R9 to R11. */
export interface Certificates {
  /** @throws AgentError `invalidInput` "Filename has wrong format" */
  store(id: string, fileName: string, body: Buffer): Promise<void>;
  /** MD5 of the stored bytes, lower-case hex. @throws AgentError `notFound` "Certificate Not Found" */
  md5(id: string, fileName: string): Promise<string>;
  delete(id: string, fileName: string): Promise<void>;
}

/** One listener as HAProxy's statistics show it. Counters are absolute; beyond 2^53 they are bigint. */
export interface ListenerSample {
  readonly id: string;
  readonly status: string;
  readonly currentConnections: number | bigint;
  readonly counters: ListenerCounters;
}

/** A listener as a worker shows it that a reload has replaced; the oldest worker comes first. */
export interface LeavingSample extends ListenerSample {
  /** Tells one such worker's counters from another's. */
  readonly worker: string;
}

export interface ListenerCounters {
  readonly bin: number | bigint;
  readonly bout: number | bigint;
  readonly ereq: number | bigint;
  readonly stot: number | bigint;
}

/** One backend: a pool under one listener; `key` is `<pool id>:<listener id>`. */
export interface PoolSample {
  readonly key: string;
  readonly status: string;
  /** Member id to status, already in wire vocabulary (docs/contract/heartbeat.md, section 4). */
  readonly members: Readonly<Record<string, string>>;
}

export interface LoadBalancerSample {
  readonly listeners: readonly ListenerSample[];
  readonly pools: readonly PoolSample[];
  /** Of workers that clients are still connected to, and of those that have just ended. */
  readonly leaving?: readonly LeavingSample[];
  /**
   * Why no heartbeat may be built from this sample, although HAProxy answered: a listener's counter is missing,
   * or a pool's own row (docs/contract/heartbeat.md, section 4). `listeners` and `pools` hold the rest.
   */
  readonly defect?: string;
}
