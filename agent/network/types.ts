/** The words of the network domain. Wire names stay as on the wire in requests and interface files. */

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
  /** R17. @returns `details` of the answer */
  plugNetwork(body: unknown): Promise<string>;
  /** R20. @returns the interface's name. @throws AgentError "Invalid IP address", "Error interface not found for IP address" */
  interfaceOf(address: string): Promise<string>;
  /** Counters of every interface inside the namespace whose name starts with `eth`; empty without a namespace. */
  counters(): Promise<InterfaceCounters>;
  /** Announces addresses (contract network.md, section 8). Never throws; failures are logged. */
  advertise(addresses: readonly string[]): Promise<void>;
  /** Creates the namespace, moves plugged links into it and brings interfaces up: the job of `amphora-netns.service`. */
  restore(): Promise<void>;
  /** Creates the namespace unless it is there. */
  ensureNamespace(): Promise<void>;
}
