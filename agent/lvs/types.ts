/** The words of the LVS domain: one UDP or SCTP listener is one keepalived process. */
import type { ListenerStatus, PoolSample } from "../loadbalancer/types.ts";
import type { ObjectId } from "../object-id.ts";

export type LvsListenerId = ObjectId;

/** R12, R13, and the LVS part of R4, R7 and R8. Each change is serialised per id by its implementation. */
export interface LvsListeners {
  /**
   * R12: stores a configuration, as it is.
   * @throws AgentError `invalidInput` for an id that cannot be one, `commandFailed` when keepalived cannot be made
   * to start at boot; MissingCheckScriptError
   */
  upload(id: string, config: Buffer): Promise<void>;
  /** R13. @throws AgentError `notFound` "UDP Listener Not Found" */
  download(id: string): Promise<Buffer>;
  /** R7, action not yet checked. @returns `details` of the answer */
  act(id: string, action: string): Promise<string>;
  /** R8; unknown ids succeed. */
  delete(id: string): Promise<void>;
  /** Whether there is an LVS listener with this id. */
  has(id: string): Promise<boolean>;
  /** R4, LVS part, sorted by id. */
  listeners(): Promise<ListenerStatus[]>;
  /**
   * What the kernel knows of a listener's pool, for API 0.5.
   * @returns undefined without a pool
   * @throws AgentError `commandFailed` "Error getting kernel lvs status for udp listener ..."
   */
  pool(id: string): Promise<PoolSample | undefined>;
  /** `lvs_listener_process_count` of R3. */
  countRunning(): Promise<number>;
}
