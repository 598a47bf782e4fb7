/** The words of supervision: what is kept running, by whom, and what they are asked to do. */
import type { Deviation } from "../healing/types.ts";
import type { LoadBalancerId } from "../loadbalancer/types.ts";
import type { LvsListenerId } from "../lvs/types.ts";

/** The HAProxy of a load balancer. */
export interface HaproxyService {
  readonly kind: "haproxy";
  readonly id: LoadBalancerId;
}

/** The keepalived that shares the VIP with the other amphora; there is one. */
export interface VrrpService {
  readonly kind: "vrrp";
}

/** The keepalived of a UDP or SCTP listener. */
export interface LvsService {
  readonly kind: "lvs";
  readonly id: LvsListenerId;
}

/** What can be kept running; its files are where the layout of its domain says. */
export type Service = HaproxyService | VrrpService | LvsService;

export interface HaproxyVersion {
  readonly major: number;
  readonly minor: number;
}

export interface HaproxyJob extends HaproxyService {
  /** This amphora's name among the peers of the configuration. */
  readonly peer: string;
  readonly version: HaproxyVersion;
}

/** A service with all that has to be known to run it. */
export type Job = HaproxyJob | VrrpService | LvsService;

/**
 * Keeps services running. The caller gives one command at a time per service. A command that the program or
 * the service manager refuses is an AgentError `commandFailed` with their words as `details`.
 */
export interface Supervisor {
  /** Makes a service startable, and started at boot. One that runs stays as it is. */
  enable(job: Job): Promise<void>;
  /** Returns when the program serves. One that runs already is left alone. */
  start(service: Service): Promise<void>;
  stop(service: Service): Promise<void>;
  /** Returns when the program works with the configuration that is stored now. */
  reload(service: Service): Promise<void>;
  /** Ends the program, if it runs, and starts it. */
  restart(service: Service): Promise<void>;
  /** Forgets a stopped service: it is not started at boot any more. Unknown ones succeed. */
  remove(service: Service): Promise<void>;
  /** Whether a service is meant to run: started, or due to be at boot, and not stopped since. */
  isWanted(service: Service): Promise<boolean>;
  /**
   * What of an enabled service is not as it was asked for: files that are gone, a service that was given up. The
   * caller repairs it, with no command for the service in between.
   * @param job - completes the service, when it has to be enabled anew
   */
  deviations(service: Service, job: () => Promise<Job>): Promise<readonly Deviation[]>;
  /** At the agent's start: takes over what runs and starts what should. */
  resume(): Promise<void>;
  /** At the agent's end: stops watching; every service goes on. */
  close(): Promise<void>;
}
