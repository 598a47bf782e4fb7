/** The words of the VRRP domain: the keepalived that shares the VIP with the other amphora. */

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
}

/** What keepalived runs to see whether this amphora may hold the VIP (docs/contract/rest-api.md, 2.7). */
export interface VrrpChecks {
  /** Brings the checks in line with what is meant to run now. */
  update(): Promise<void>;
  /** The same, where keepalived has ever been configured. */
  updateIfUsed(): Promise<void>;
}
