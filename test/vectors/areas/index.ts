/** The areas that the runner knows; a folder of golden data without a row here is not run. */
import * as envelope from "./envelope.ts";
import * as heartbeat from "./heartbeat.ts";
import * as interfaceFiles from "./interface-files.ts";
import * as metrics from "./metrics.ts";
import * as nftables from "./nftables.ts";
import * as rendering from "./rendering.ts";

export interface Outcome {
  readonly passed: number;
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
}

export interface Area {
  /** Folder below the vectors' directory. */
  readonly name: string;
  readonly run: (directory: string) => Promise<Outcome>;
}

export const areas: readonly Area[] = [interfaceFiles, nftables, heartbeat, envelope, metrics, rendering];
