/** What the REST API needs from the rest of the agent: one field per resource. */
import type { Certificates, LoadBalancers } from "../loadbalancer/types.ts";
import type { Network } from "../network/types.ts";

/** R2 without `api_version`, which the API adds. */
export interface PackageVersions {
  readonly hostname: string;
  readonly haproxy_version: string;
  readonly keepalived_version: string;
  readonly ipvsadm_version: string;
}

/** The machine's part of R3, names as on the wire. */
export interface MachineDetails {
  readonly cpu_count: number;
  readonly cpu: {
    readonly total: number;
    readonly user: string;
    readonly system: string;
    readonly soft_irq: string;
  };
  readonly memory: Readonly<
    Record<"total" | "free" | "buffers" | "cached" | "swap_used" | "shared" | "slab", number>
  >;
  readonly disk: { readonly used: number; readonly available: number };
  readonly load: readonly [string, string, string];
  readonly active_tuned_profiles: string;
}

export interface Machine {
  versions(): Promise<PackageVersions>;
  details(): Promise<MachineDetails>;
}

/** R18 and R19. */
export interface Identity {
  /** Replaces the server's key and certificate; the next connection uses them. @throws AgentError `invalidInput` */
  replaceCertificate(pem: Buffer): Promise<void>;
  /** Replaces the configuration file and applies mutable options. @throws AgentError `commandFailed` when it does not parse */
  replaceConfig(text: Buffer): Promise<void>;
}

export interface Agent {
  readonly loadBalancers: LoadBalancers;
  readonly certificates: Certificates;
  readonly network: Network;
  readonly machine: Machine;
  readonly identity: Identity;
}
