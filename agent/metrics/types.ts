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

/** A question to the exporter. */
export interface Question {
  /** Settles when it is on its way, and when it will never be. */
  readonly sent: Promise<void>;
  /** Fails with whatever keeps the answer from beginning. */
  readonly answer: Promise<Scrape>;
  /** Lets go of it, answered or not. */
  close(): void;
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
  /** Asks for the agent's own figures, which come as a {@link FiguresMessage}. */
  | {
      readonly kind: "figures";
      /** Milliseconds, by the clock that threads share. */
      readonly askedAt: number;
    }
  /** A request was answered with an error. */
  | { readonly kind: "failed"; readonly reason: string };

/** The agent's own figures, as lines of metrics; none when they cannot be had. */
export interface FiguresMessage {
  readonly text: string;
}

/** @param waitedMs - how long the question has waited to be heard */
export type ReadFigures = (waitedMs: number) => Promise<string>;
