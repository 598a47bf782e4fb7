/** The agent's own figures, as they are found; told as metrics by encode-figures.ts. */
import type { SupervisorKind } from "../config/types.ts";
import type { HealingStatus } from "../healing/types.ts";
import type { ChangeResult } from "../loadbalancer/types.ts";
import type { VrrpInstance } from "../vrrp/types.ts";
import type { Found } from "./facts.ts";

/** What is counted from the start of the process on. */
export interface Counts {
  /** Answered requests by HTTP status. */
  readonly requests: ReadonlyMap<number, number>;
  /** New configurations of HAProxys that run. */
  readonly changes: Readonly<Record<ChangeResult, number>>;
  readonly heartbeats: {
    readonly sent: number;
    readonly failed: number;
    readonly late: number;
    /** Milliseconds since the epoch, by `<host>:<port>`. */
    readonly lastSentAt: Readonly<Record<string, number>>;
  };
  /** Undefined as long as there is nothing to keep. */
  readonly healing: HealingStatus | undefined;
}

export interface Figures extends Counts {
  readonly version: string;
  readonly supervisor: SupervisorKind;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  /** How long what is due had to wait for the event loop. */
  readonly eventLoopLagMs: number;
  readonly looked: Looked;
}

/** What takes a look outside of the process. */
export interface Looked {
  readonly workers: Found<readonly WorkerCount[]>;
  readonly vrrp: Found<readonly VrrpInstance[]>;
  readonly certificates: Found<readonly { readonly file: string; readonly notAfter: Date }[]>;
  /** Of the namespace; undefined where the kernel does not track connections. */
  readonly conntrack: Found<Usage | undefined>;
  readonly files: Found<{ readonly machine: Usage; readonly process: number }>;
  readonly disk: Found<{ readonly totalBytes: number; readonly availableBytes: number }>;
}

export interface WorkerCount {
  readonly loadBalancerId: string;
  readonly current: number;
  /** That only finish what they have, after a reload. */
  readonly old: number;
}

export interface Usage {
  readonly used: number;
  readonly limit: number;
}
