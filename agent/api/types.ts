/** What the REST API needs from the rest of the agent: one field per resource. */
import type { Certificates, Instances, LoadBalancers } from "../loadbalancer/types.ts";
import type { LvsListeners } from "../lvs/types.ts";
import type { Network } from "../network/types.ts";
import type { Status } from "../status/types.ts";
import type { Machine } from "../system/machine.ts";
import type { Vrrp } from "../vrrp/types.ts";

/** R18 and R19. */
export interface Identity {
  /** Replaces the server's key and certificate; the next connection uses them. @throws AgentError `invalidInput` */
  replaceCertificate(pem: Buffer): Promise<void>;
  /** Replaces the configuration file and applies mutable options. @throws AgentError `commandFailed` when it does not parse */
  replaceConfig(text: Buffer): Promise<void>;
}

export interface Agent {
  readonly loadBalancers: LoadBalancers;
  /** What API 0.5 asks of load balancers that 1.0 does not. */
  readonly instances: Instances;
  readonly certificates: Certificates;
  readonly lvsListeners: LvsListeners;
  readonly vrrp: Pick<Vrrp, "upload" | "act" | "instances">;
  readonly network: Pick<Network, "plugVip" | "plugNetwork" | "interfaceOf" | "replaceRules" | "counters">;
  readonly machine: Machine;
  readonly identity: Identity;
  /** How this amphora is (docs/status.md); what cannot be found out is told as well. */
  readonly status: () => Promise<Status>;
  /** The agent's own figures in Prometheus's text format (docs/metrics.md). */
  readonly figures: () => Promise<string>;
  /** What a bug report needs, as a gzipped tar archive (docs/diagnosis.md). @throws AgentError `commandFailed` */
  readonly diagnostics: () => Promise<Buffer>;
}
