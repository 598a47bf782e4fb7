/** What a status is made from, as it was found; collected by read-facts.ts. */
import type { Config, SupervisorKind } from "../config/types.ts";
import type { HealingStatus } from "../healing/types.ts";
import type { LoadBalancerSample } from "../loadbalancer/types.ts";
import type { VrrpInstance } from "../vrrp/types.ts";
import type { CertificateContent } from "./parse-certificate.ts";
import type { BackendConfig, FrontendConfig } from "./parse-haproxy-config.ts";
import type { FoundInterface } from "./parse-interfaces.ts";
import type { StatisticsRows } from "./parse-statistics.ts";
import type { Limits, Room } from "./types.ts";

/** What was found, or why nothing was. */
export type Found<T> =
  | { readonly value: T }
  | {
      readonly failure: string;
      /** Of the system, where a program could not be started for it. */
      readonly code?: string;
    };

export interface Facts {
  readonly now: Date;
  readonly hostname: string;
  readonly cpus: number;
  readonly agentVersion: string;
  readonly apiVersions: readonly string[];
  readonly config: Found<Config>;
  readonly packages: Found<{ readonly haproxy: string | undefined; readonly keepalived: string | undefined }>;
  readonly machine: Found<{
    readonly uptimeSeconds: number;
    readonly load: number;
    readonly memory: Room;
  }>;
  readonly disk: Found<Room & { readonly readOnly: boolean }>;
  /** Of the agent, or of whoever looks while it does not run. */
  readonly limits: Found<Limits>;
  readonly agent: AgentAnswer;
  /** Undefined where keepalived is not configured. */
  readonly vrrp: Found<VrrpFacts | undefined>;
  /** Interfaces that should be there, and the VIPs among their addresses. */
  readonly plugged: Found<{ readonly interfaces: readonly string[]; readonly vips: readonly FoundVip[] }>;
  /** Undefined without a namespace. */
  readonly interfaces: Found<readonly FoundInterface[] | undefined>;
  readonly loadBalancers: Found<readonly LoadBalancerFacts[]>;
  readonly lvs: Found<{
    readonly listeners: readonly LvsFacts[];
    /** Of those that run; undefined when none does. */
    readonly sample: Found<LoadBalancerSample | undefined>;
  }>;
  readonly certificates: readonly CertificateFacts[];
}

/** What became of asking the agent. */
export type AgentAnswer =
  | { readonly state: "running"; readonly report: AgentReport }
  | { readonly state: "down" | "silent" | "unknown"; readonly reason: string };

/** What only the agent itself knows. */
export interface AgentReport {
  readonly version: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly since: string;
  readonly supervisor: SupervisorKind;
  /** Files that it was started with, in order. */
  readonly configFiles: readonly string[];
  /** Undefined where keepalived is not configured. */
  readonly vrrp?: readonly VrrpInstance[];
  /** Undefined as long as there is nothing to keep. */
  readonly healing?: HealingStatus;
  readonly heartbeats: {
    /** Number of the next message. */
    readonly sequence: number;
    readonly sent: number;
    readonly failed: number;
    readonly late: number;
    /** ISO 8601, by `<host>:<port>`. */
    readonly lastSentAt: Readonly<Record<string, string>>;
  };
}

export interface VrrpFacts {
  readonly pid: number | undefined;
  readonly instances: readonly VrrpInstance[];
}

export interface FoundVip {
  readonly address: string;
  readonly interface: string;
}

export interface LoadBalancerFacts {
  readonly id: string;
  readonly frontends: readonly FrontendConfig[];
  readonly backends: readonly BackendConfig[];
  readonly pid: number | undefined;
  readonly wanted: boolean;
  /** What HAProxy says of itself; only of one that runs. */
  readonly answer: Found<HaproxyAnswer> | undefined;
}

export interface HaproxyAnswer {
  readonly version: string | undefined;
  readonly uptimeSeconds: number | undefined;
  readonly currentConnections: number;
  readonly connectionLimit: number;
  /** Undefined when its master does not answer. */
  readonly workers: { readonly current: readonly number[]; readonly old: readonly number[] } | undefined;
  readonly statistics: StatisticsRows;
}

export interface LvsFacts {
  readonly id: string;
  readonly protocol: "UDP" | "SCTP";
  readonly addresses: readonly string[];
  readonly disabled: boolean;
  readonly pid: number | undefined;
  readonly wanted: boolean;
  readonly poolId: string | undefined;
  /** `address:port` by id; undefined for a member that is not served. */
  readonly members: ReadonlyMap<string, string | undefined>;
}

export interface CertificateFacts {
  readonly file: string;
  readonly usedBy: "agent" | "controllers" | "listener";
  readonly loadBalancerId: string | undefined;
  readonly content: Found<CertificateContent>;
}
