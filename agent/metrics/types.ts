/** The words of the metrics domain. */

/** How busy the machine is. */
export interface MachineLoad {
  /** Mean of running and waiting processes over the last minute. */
  readonly loadAverage: number;
  readonly cpuCount: number;
  /** What is not available any more; 0 to 100. */
  readonly memoryUsedPercent: number;
}

/** An HTTP answer that is being read. */
export interface Scrape {
  readonly status: number;
  /** @throws when the answer breaks off */
  readonly body: AsyncIterable<Buffer>;
}

/** A server that runs. */
export interface Endpoint {
  close(): Promise<void>;
}

export interface WorkerOptions {
  /** File of the network namespace to serve in. */
  readonly namespace: string;
  readonly port: number;
  readonly exporterPort: number;
}

/** What the serving thread says. */
export type WorkerMessage =
  | { readonly kind: "listening" }
  /** A request was answered with an error. */
  | { readonly kind: "failed"; readonly reason: string };
