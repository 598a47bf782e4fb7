/** The words of the VRRP domain: the keepalived that shares the VIP with the other amphora. */

import type { Deviation, Keeper } from "../healing/types.ts";

/** R14 and R15. */
export interface Vrrp {
  /** R14. @throws AgentError `commandFailed` when keepalived cannot be made to start at boot */
  upload(config: Buffer): Promise<void>;
  /**
   * R15, action not yet checked.
   * @returns `details` of the answer
   * @throws AgentError `invalidInput` for an unknown action, `commandFailed` with keepalived's or systemd's words
   */
  act(action: string): Promise<string>;
  /** What keepalived's VRRP instances are now; none while it does not run, undefined where it was never configured. */
  instances(): Promise<readonly VrrpInstance[] | undefined>;
  /** Keeps what keepalived runs and reads, apart from the controller's own configuration. */
  readonly keeper: Keeper;
}

/** MASTER holds the VIP, BACKUP could, FAULT must not (keepalived.conf(5), "notify scripts"). */
export type VrrpRole = "MASTER" | "BACKUP" | "FAULT";

export interface VrrpInstance {
  readonly name: string;
  readonly role: VrrpRole;
  /** When it became that, in ISO 8601 and UTC. */
  readonly since: string;
}

/** Follows what keepalived tells of its instances. */
export interface VrrpRoles {
  /** Writes what makes keepalived tell, and which addresses it must not start with. @throws the system error */
  prepare(): Promise<void>;
  /** What makes keepalived tell and is gone. */
  deviations(): Promise<readonly Deviation[]>;
  /** Listens from now on, and hears what was told while nobody did. A failure is logged. */
  follow(): Promise<void>;
  /** The same, where keepalived has ever been configured: for the agent's start. A failure is logged. */
  resume(): Promise<void>;
  /** @see Vrrp.instances */
  current(): Promise<readonly VrrpInstance[] | undefined>;
  close(): void;
}

/** What keepalived runs to see whether this amphora may hold the VIP (docs/contract/rest-api.md, 2.7). */
export interface VrrpChecks {
  /** Brings the checks in line with what is meant to run now. */
  update(): Promise<void>;
  /** The same, where keepalived has ever been configured. */
  updateIfUsed(): Promise<void>;
  /** Checks that are gone. */
  deviations(): Promise<readonly Deviation[]>;
}
