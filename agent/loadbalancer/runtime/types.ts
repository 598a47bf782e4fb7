/** The words of changes that HAProxy takes while it runs. */

/** One line of a configuration, as words: quotes and comments are gone, an empty line is none. */
export type Words = readonly string[];

/** A section of a configuration: its first line, then the others in order. */
export interface Section {
  readonly header: Words;
  readonly lines: readonly Words[];
  readonly servers: readonly Server[];
}

/** A `server` line. */
export interface Server {
  readonly name: string;
  /** As an IP address without brackets. */
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly isDisabled: boolean;
  /** All other options, in order. */
  readonly options: Words;
}

/** What distinguishes one configuration from another one, or from what HAProxy read of its files. */
export type Difference =
  | { readonly kind: "sectionAdded" | "sectionRemoved"; readonly section: string }
  /** The same sections, servers or lines in another order. */
  | {
      readonly kind: "orderChanged";
      readonly section: string;
      readonly what: "sections" | "servers" | "lines";
    }
  | { readonly kind: "lineAdded" | "lineRemoved"; readonly section: string; readonly line: Words }
  | { readonly kind: "lineChanged"; readonly section: string; readonly from: Words; readonly to: Words }
  | { readonly kind: "serverAdded" | "serverRemoved"; readonly section: string; readonly server: Server }
  | { readonly kind: "serverChanged"; readonly section: string; readonly from: Server; readonly to: Server }
  | { readonly kind: "fileChanged" | "fileAdded" | "fileRemoved"; readonly file: string };

/** One change that HAProxy's runtime API can make. */
export type Change =
  | { readonly kind: "server.add"; readonly backend: string; readonly server: Server }
  | { readonly kind: "server.delete"; readonly backend: string; readonly name: string }
  | {
      readonly kind: "server.weight";
      readonly backend: string;
      readonly name: string;
      readonly weight: number;
    }
  | { readonly kind: "server.disable" | "server.enable"; readonly backend: string; readonly name: string }
  | {
      readonly kind: "server.address";
      readonly backend: string;
      readonly name: string;
      readonly address: string;
      readonly port: number;
    }
  | { readonly kind: "frontend.maxconn"; readonly frontend: string; readonly limit: number }
  | {
      readonly kind: "certificate.set";
      readonly path: string;
      /** Of the file's content. */
      readonly digest: string;
      /** HAProxy has none under this path. */
      readonly isNew: boolean;
    }
  | { readonly kind: "certificate.delete"; readonly path: string }
  | { readonly kind: "list.add" | "list.delete"; readonly list: string; readonly path: string };

/** What a reload comes to: changes of what runs (none for equal configurations), or HAProxy's own reload. */
export type Plan =
  | { readonly changes: readonly Change[] }
  /** Why HAProxy has to read its configuration anew. */
  | { readonly reason: string };

/** Which HAProxy process: a pid is used again, a pid with the time of its start is not until the next boot. */
export interface Worker {
  readonly pid: number;
  /** Clock ticks since the boot. */
  readonly startedAt: string;
  readonly bootId: string;
}

export interface ServerName {
  readonly backend: string;
  readonly name: string;
}

/** A server that is not configured any more, in maintenance until its last client has gone. */
export interface LeavingServer extends ServerName {
  /** Since when, in milliseconds of the clock. */
  readonly since: number;
}

export interface LeavingRecord {
  readonly worker: Worker;
  readonly servers: readonly LeavingServer[];
}

/** What a HAProxy worker works with. */
export interface RunningRecord {
  readonly worker: Worker;
  /** The configuration, as the controller's text was stored. */
  readonly text: string;
  readonly files: Files;
}

/** What HAProxy reads beside its configuration. */
export interface Files {
  /** Of each file, by path; empty for one that is not there. */
  readonly digests: Readonly<Record<string, string>>;
  /** Lists that name certificates and nothing else, by path. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
  /** Paths of certificates, those in lists included. */
  readonly certificates: readonly string[];
}

/** One entry of the history. */
export interface HistoryEntry {
  /** When the action was asked for, in ISO 8601. */
  readonly at: string;
  readonly how: "start" | "runtime" | "reload" | "rolled back" | "failed";
  /** What changed, in words; none where it is not known. */
  readonly changes: readonly string[];
  readonly durationMs: number;
  /** Why it was a reload, or what HAProxy said when it was rolled back. */
  readonly reason?: string;
}
