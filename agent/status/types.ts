/**
 * The state of an amphora as `amphora status --json` and `GET /agent/v1/status` tell it: a document with the names
 * that are on the wire (docs/status.md). Names are only ever added; a change of meaning raises `format_version`.
 * Null stands for what could not be found out, and `problems` then says why.
 */
export interface Status {
  readonly format_version: 1;
  /** When this was looked at. All moments are ISO 8601 in UTC. */
  readonly time: string;
  readonly amphora_id: string | null;
  readonly hostname: string;
  readonly versions: {
    readonly agent: string;
    /** Of the REST API, oldest first. */
    readonly api: readonly string[];
    /** Packages. */
    readonly haproxy: string | null;
    readonly keepalived: string | null;
  };
  readonly machine: MachineStatus;
  readonly agent: AgentStatus;
  readonly controllers: readonly ControllerStatus[];
  /** What the agent has put right; null while it does not run, or has nothing to keep yet. */
  readonly healing: HealingStatus | null;
  /** Null where keepalived is not configured. */
  readonly vrrp: VrrpStatus | null;
  readonly vips: readonly VipStatus[];
  /** Inside the namespace; null when there is no namespace, or it cannot be looked into. */
  readonly interfaces: readonly InterfaceStatus[] | null;
  readonly load_balancers: readonly LoadBalancerStatus[];
  readonly listeners: readonly ListenerStatus[];
  readonly pools: readonly PoolStatus[];
  readonly certificates: readonly CertificateStatus[];
  /** What is wrong, errors first; empty on a healthy amphora. */
  readonly problems: readonly Problem[];
}

export interface MachineStatus {
  readonly uptime_seconds: number | null;
  /** Running and waiting processes over the last minute. */
  readonly load: number | null;
  readonly cpus: number;
  readonly memory: Room | null;
  /** Where load balancers' files are. */
  readonly disk: (Room & { readonly read_only: boolean }) | null;
  readonly limits: Limits | null;
}

/** What bounds new processes of the agent; of each kind the one that leaves least, null where nothing sets one. */
export interface Limits {
  /** Processes and threads. */
  readonly tasks: Limit | null;
  /** Bytes of a control group. */
  readonly memory: Limit | null;
}

export interface Limit {
  readonly used: number;
  readonly limit: number;
  /** The file that says so. */
  readonly set_by: string;
}

export interface Room {
  readonly total_bytes: number;
  readonly available_bytes: number;
}

export interface AgentStatus {
  /**
   * `running`; `down`: nobody is there; `silent`: it is there and does not answer; `unknown`: it may not be asked.
   * The fields below are null unless it runs.
   */
  readonly state: AgentState;
  readonly pid: number | null;
  readonly since: string | null;
  readonly supervisor: "systemd" | "direct" | null;
  readonly heartbeats: {
    readonly sent: number;
    readonly failed: number;
    /** Left out, because the one before was not done. */
    readonly late: number;
  } | null;
}

export type AgentState = "running" | "down" | "silent" | "unknown";

/** A health manager that gets heartbeats. */
export interface ControllerStatus {
  /** As configured. */
  readonly address: string;
  /** When this agent last sent to it; null for never, or while the agent does not run. */
  readonly last_heartbeat: string | null;
}

export interface HealingStatus {
  /** Repairs since the agent's start, by what was repaired: `address`, `route`, `file` and so on. */
  readonly repairs: Readonly<Record<string, number>>;
  /** The latest; null for none. */
  readonly last: {
    readonly at: string;
    /** What was heard, or why it was looked. */
    readonly cause: string;
    readonly differences: readonly string[];
  } | null;
  /** Differences that come back again and again; their repair slows down. */
  readonly flapping: readonly string[];
  /** Differences that could not be repaired so far. */
  readonly failing: readonly string[];
}

export interface VrrpStatus {
  /** Of keepalived; null while it does not run. */
  readonly pid: number | null;
  /** As keepalived last told. */
  readonly instances: readonly {
    readonly name: string;
    readonly role: "MASTER" | "BACKUP" | "FAULT";
    /** Time of the last transition. */
    readonly since: string;
  }[];
}

export interface VipStatus {
  readonly address: string;
  readonly interface: string;
  /** `duplicate`: another host answers for it. Null when interfaces cannot be looked at. */
  readonly state: "present" | "absent" | "duplicate" | null;
}

export interface InterfaceStatus {
  readonly name: string;
  readonly mac: string;
  readonly mtu: number;
  /** Whether somebody brought it up. */
  readonly up: boolean;
  /** Whether there is a link behind it. */
  readonly carrier: boolean;
  /** With prefix lengths. */
  readonly addresses: readonly string[];
}

/** One HAProxy. */
export interface LoadBalancerStatus {
  readonly id: string;
  /**
   * `stopped`: nobody wants it to run; `failed`: it is meant to run and does not; `silent`: it runs and does not
   * answer. The fields below are null unless it answers, but for `pid`.
   */
  readonly state: "running" | "stopped" | "failed" | "silent";
  readonly pid: number | null;
  readonly version: string | null;
  readonly uptime_seconds: number | null;
  /** Pids that take connections. */
  readonly workers: readonly number[] | null;
  /** Pids that only finish what they have, after a reload. */
  readonly old_workers: readonly number[] | null;
  readonly connections: { readonly current: number; readonly limit: number } | null;
}

export interface ListenerStatus {
  readonly id: string;
  /** Null for a UDP or SCTP listener, whose configuration does not tell. */
  readonly load_balancer_id: string | null;
  readonly protocol: "HTTP" | "TCP" | "TERMINATED_HTTPS" | "PROMETHEUS" | "UDP" | "SCTP";
  /** `address:port`, IPv6 in brackets. */
  readonly addresses: readonly string[];
  /** `OPEN`, `FULL`, `STOP` as HAProxy says; `DOWN` when what serves it does not run or answer. */
  readonly state: string;
  readonly connections: {
    readonly current: number;
    /** Since HAProxy's start. */
    readonly total: number;
    /** Null for none. */
    readonly limit: number | null;
  } | null;
  readonly request_errors: number | null;
  /** Key of the pool that takes what no rule sends elsewhere. */
  readonly default_pool: string | null;
}

export interface PoolStatus {
  /** `<pool id>:<listener id>`; the pool's id alone for UDP, SCTP, and listeners of API 0.5. */
  readonly key: string;
  readonly load_balancer_id: string | null;
  readonly listener_id: string | null;
  /** `UP` or `DOWN`. */
  readonly state: string;
  readonly members: readonly MemberStatus[];
}

export interface MemberStatus {
  readonly id: string;
  /** `address:port`; null where the configuration does not tell. */
  readonly address: string | null;
  /** In the words of heartbeats: `UP`, `DOWN`, `DRAIN`, `MAINT`, `no check` and so on. */
  readonly state: string;
  readonly weight: number | null;
  /** How long it has been in this state; null when that is not known. */
  readonly since_seconds: number | null;
  /** Result of the last check; null without checks, and before the first. */
  readonly check: {
    /** HAProxy's word: `L4OK`, `L4CON`, `L7STS` and so on. */
    readonly status: string;
    /** Code of the protocol that was checked, as an HTTP status. */
    readonly code: number | null;
    readonly duration_ms: number | null;
    /** What HAProxy says of it; empty when it says nothing. */
    readonly text: string;
  } | null;
}

export interface CertificateStatus {
  readonly file: string;
  readonly used_by: "agent" | "controllers" | "listener";
  /** Null for the agent's own. */
  readonly load_balancer_id: string | null;
  readonly subject: string;
  readonly not_before: string;
  readonly not_after: string;
}

export interface Problem {
  /** `error`: somebody must act now. `warning`: somebody must act soon. */
  readonly severity: "error" | "warning";
  /** What it is about: `agent`, `haproxy`, `member`, `certificate` and so on. */
  readonly subject: ProblemSubject;
  /** Id, name, address or file, where there is one. */
  readonly object: string | null;
  /** One line. */
  readonly text: string;
}

export type ProblemSubject =
  | "configuration"
  | "agent"
  | "heartbeat"
  | "machine"
  | "processes"
  | "namespace"
  | "interface"
  | "vip"
  | "healing"
  | "vrrp"
  | "haproxy"
  | "listener"
  | "pool"
  | "member"
  | "certificate";
