/** The words of the network domain. Wire names stay as on the wire in requests and interface files. */
import type { Keeper } from "../healing/types.ts";

/** `networks` of R3: bytes per interface. */
export type InterfaceCounters = Record<string, { readonly network_tx: number; readonly network_rx: number }>;

/** Everything that the REST API asks of the namespace (R16, R17, R20, and `networks` of R3). */
export interface Network {
  /**
   * R16. Changes are serialised with every other change of the network.
   * @param vip - address from the URL
   * @param body - parsed JSON body, not yet checked; undefined when there was none or it did not parse
   * @returns `details` of the answer
   * @throws AgentError and its subclasses, each with the contract's body
   */
  plugVip(vip: string, body: unknown): Promise<string>;
  /**
   * R17. @returns `details` of the answer
   * @param known - what happens to a port that is plugged already; `update` unless given
   */
  plugNetwork(body: unknown, known?: "update" | "refuse"): Promise<string>;
  /** R20. @returns the interface's name. @throws AgentError "Invalid IP address", "Error interface not found for IP address" */
  interfaceOf(address: string): Promise<string>;
  /**
   * R21: lets only the traffic of these rules in through the VIP port.
   * @param address - of any interface; only its presence counts
   * @throws AgentError as R20, then with the contract's body for one that is wrong; Error when nft refuses the rules
   */
  replaceRules(address: string, body: unknown): Promise<void>;
  /** Counters of every interface inside the namespace whose name starts with `eth`; empty without a namespace. */
  counters(): Promise<InterfaceCounters>;
  /**
   * Announces addresses (contract network.md, section 8). Returns at once: sending goes on behind the
   * caller's answer. Never throws; failures are logged.
   */
  advertise(addresses: readonly string[]): Promise<void>;
  /** Waits for announcements that are still being sent. */
  idle(): Promise<void>;
  /** Creates the namespace, moves plugged links into it and brings interfaces up: the job of `amphora-netns.service`. */
  restore(): Promise<void>;
  /** Creates the namespace unless it is there. */
  ensureNamespace(): Promise<void>;
  /** Writes `lo.json`, as every start of the agent does (contract network.md, 2.3). */
  writeLoopbackFile(): Promise<void>;
  /** Whether a port was ever plugged: before that there is nothing to keep. */
  hasPorts(): Promise<boolean>;
  /** Keeps the namespace and its interfaces as the interface files say. */
  keeper(): Promise<NetworkKeeper>;
}

export interface NetworkKeeper extends Keeper {
  /**
   * Hears of changes from now on. Where it cannot, because there is no namespace yet, each look tries again.
   * @param heard - called with what changed, and whether it was a setting of the kernel
   */
  watch(heard: (change: string, isSetting: boolean) => void): void;
  close(): void;
}

export type Family = 4 | 6;

/** An address in the two text forms that the contract uses; for IPv4 they are the same. */
export interface Address {
  readonly family: Family;
  /** Shortest form (RFC 5952): the one to compare by. */
  readonly canonical: string;
  /** Fully expanded, lower case: the one that VIP files hold. */
  readonly exploded: string;
}

export interface HostRoute {
  readonly destination: string;
  readonly nexthop: string;
}

export interface Vip {
  readonly address: Address;
  /** Prefix length of the VIP's subnet. */
  readonly prefix: number;
  readonly gateway: string | undefined;
  readonly hostRoutes: readonly HostRoute[];
}

/** `fixed_ips[]`; the text goes into files exactly as received. */
export interface FixedIp {
  readonly text: string;
  readonly family: Family;
  readonly prefix: number;
  readonly gateway: string | undefined;
  readonly hostRoutes: readonly HostRoute[];
}

/** What a VIP file is built from, apart from `fixed_ips`. */
export interface VipPort {
  /** The primary one first. */
  readonly vips: readonly Vip[];
  readonly vrrpAddress: Address | undefined;
}

/** Interface file, docs/contract/network.md, section 2. */
export interface InterfaceFile {
  readonly name: string;
  /** Files of older agents have none. */
  readonly if_type?: string;
  readonly addresses: readonly AddressEntry[];
  readonly routes: readonly RouteEntry[];
  readonly rules: readonly RuleEntry[];
  readonly scripts: { readonly up: readonly ScriptEntry[]; readonly down: readonly ScriptEntry[] };
  readonly is_sriov: boolean | null;
  readonly mtu?: number;
}

export type AddressEntry = StaticAddress | AutomaticAddress;

export interface StaticAddress {
  readonly address: string;
  readonly prefixlen: number;
  /** False: keepalived adds and removes it. Missing means true. */
  readonly octavia_owned?: boolean;
}

export interface AutomaticAddress {
  readonly dhcp?: boolean;
  readonly ipv6auto?: boolean;
}

export interface RouteEntry {
  readonly dst: string;
  readonly gateway?: string;
  readonly flags?: readonly string[];
  readonly prefsrc?: string;
  readonly scope?: string;
  readonly table?: number;
}

export interface RuleEntry {
  readonly src: string;
  readonly src_len: number;
  readonly table: number;
}

export interface ScriptEntry {
  readonly command: string;
}

/** A link as `ip -j link` shows it. */
export interface Link {
  readonly name: string;
  /** Lower case. */
  readonly mac: string;
  /** Administratively up: the flag, not the operational state. */
  readonly up: boolean;
  /** Undefined where `ip` prints none. */
  readonly mtu?: number;
}

/** What the kernel has: every field normalised so that it compares with what files ask for. */
export interface NetworkState {
  readonly links: readonly Link[];
  readonly addresses: readonly LinkAddress[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
}

export interface LinkAddress {
  readonly device: string;
  readonly family: Family;
  readonly address: string;
  readonly prefix: number;
  /** False for what DHCP or SLAAC brought. */
  readonly permanent: boolean;
  readonly tentative: boolean;
  /** Another host answered for it; it stays tentative for ever. */
  readonly duplicate: boolean;
  readonly linkScope: boolean;
}

export interface Route {
  readonly device: string;
  readonly family: Family;
  /** `<canonical network>/<prefix length>` */
  readonly destination: string;
  readonly gateway: string | undefined;
  readonly source: string | undefined;
  /** Number as text. */
  readonly table: string;
  /** Number as text (rtnetlink(7), `RTPROT_*`). */
  readonly protocol: string;
  readonly metric: number;
}

export interface Rule {
  readonly family: Family;
  readonly source: string;
  readonly prefix: number;
  readonly table: string;
  readonly protocol: string;
  readonly priority: number;
}

/** One change that iproute2 makes. */
export type Step =
  | { readonly kind: "link.up"; readonly device: string; readonly mtu: number | undefined }
  | { readonly kind: "link.down"; readonly device: string }
  | { readonly kind: "link.mtu"; readonly device: string; readonly mtu: number }
  | ({ readonly kind: "address.add" | "address.delete" } & AddressStep)
  | { readonly kind: "address.flush"; readonly device: string }
  | ({ readonly kind: "route.add" | "route.delete" } & RouteStep)
  | ({ readonly kind: "rule.add" | "rule.delete" } & RuleStep);

export interface AddressStep {
  readonly device: string;
  readonly family: Family;
  readonly address: string;
  readonly prefix: number;
}

export interface RouteStep {
  readonly device: string;
  readonly family: Family;
  readonly destination: string;
  readonly gateway: string | undefined;
  readonly source: string | undefined;
  readonly table: string;
  readonly onlink: boolean;
  readonly linkScope: boolean;
}

export interface RuleStep {
  readonly family: Family;
  readonly source: string;
  readonly prefix: number;
  readonly table: string;
}
