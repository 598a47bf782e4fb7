/** The words of supervision: who keeps HAProxy running, and what they are asked to do. */
import type { LoadBalancerId } from "../loadbalancer/types.ts";

export interface HaproxyVersion {
  readonly major: number;
  readonly minor: number;
}

/** What has to run for a load balancer; its files are where `layoutOf` says. */
export interface HaproxyJob {
  readonly id: LoadBalancerId;
  /** This amphora's name among the peers of the configuration. */
  readonly peer: string;
  readonly version: HaproxyVersion;
}

/**
 * Keeps HAProxy processes running. The caller gives one command at a time per load balancer. A command
 * that HAProxy or the service manager refuses is an AgentError `commandFailed` with their words as `details`.
 */
export interface HaproxySupervisor {
  /** Makes the load balancer startable, and started at boot. A running HAProxy stays as it is. */
  enable(job: HaproxyJob): Promise<void>;
  /** Returns when HAProxy serves. One that runs already is left alone. */
  start(id: LoadBalancerId): Promise<void>;
  stop(id: LoadBalancerId): Promise<void>;
  /** Returns when a new worker serves with the configuration that is stored now. */
  reload(id: LoadBalancerId): Promise<void>;
  /** Forgets a stopped load balancer: it is not started at boot any more. Unknown ids succeed. */
  remove(id: LoadBalancerId): Promise<void>;
  /** At the agent's start: takes over what runs and starts what should. */
  resume(): Promise<void>;
  /** At the agent's end: stops watching; every HAProxy goes on. */
  close(): Promise<void>;
}
