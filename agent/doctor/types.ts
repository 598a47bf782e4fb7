/** The words of the doctor: what is looked at, and what was found wrong. */

/** `warning`: somebody must act soon. `failure`: something does not work now. */
export type Severity = "warning" | "failure";

export type CheckName =
  | "state"
  | "certificates"
  | "clock"
  | "files"
  | "configuration"
  | "units"
  | "vrrp"
  | "network"
  | "duplicates"
  | "mtu"
  | "connections"
  | "controllers"
  | "members";

/** One thing that is wrong; names are those of `amphora doctor --json`. */
export interface Finding {
  readonly check: CheckName;
  readonly severity: Severity;
  /** Id, name, address or file that it is about, where there is one. */
  readonly object: string | null;
  /** One sentence. */
  readonly text: string;
  /** What to do, one sentence or a command. */
  readonly remedy: string;
}

/** What became of one check. */
export interface CheckResult {
  readonly check: CheckName;
  readonly milliseconds: number;
  readonly findings: readonly Finding[];
}

export interface Diagnosis {
  readonly format_version: 1;
  /** ISO 8601. */
  readonly time: string;
  readonly amphora_id: string | null;
  /** Failures first. */
  readonly findings: readonly Finding[];
  /** How long each check took. */
  readonly checks: readonly { readonly name: CheckName; readonly milliseconds: number }[];
}
