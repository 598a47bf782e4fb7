/** What came of the story, for people and, as it is, for programs (`--json`). */
import type { MachineFacts } from "./machine-facts.ts";

export interface Summary {
  /** True when every step and every check held. */
  readonly passed: boolean;
  /** What did not hold. */
  readonly failures: readonly string[];
  readonly stepsDone: number;
  readonly steps: number;
  readonly seconds: number;
  readonly requestsSent: number;
  readonly requestsFailed: number;
  readonly reloads: number;
  /** Requests per second while HAProxy was reloaded. */
  readonly reloadRequestsPerSecond: number;
  /** Longest time without a good answer meanwhile. */
  readonly longestGapMs: number;
  readonly heartbeatsReceived: number;
  readonly heartbeatsOnTime: number;
  readonly heartbeatsRejected: number;
  /** From starting the agent to its first answer. */
  readonly startUpMs: number;
  readonly agentMemoryBytes: number;
  readonly machine: MachineFacts;
}

/** Lines without newline, at most 80 columns but for failures, which are told whole. */
export function renderSummary(summary: Summary): string[] {
  const { machine } = summary;
  const figures: [string, string][] = [
    ["steps", `${summary.stepsDone} of ${summary.steps} in ${summary.seconds.toFixed(1)} s`],
    ["requests", `${summary.requestsSent} sent, ${summary.requestsFailed} failed`],
    ["reloads", `${summary.reloads}, under ${Math.round(summary.reloadRequestsPerSecond)} requests/s`],
    ["longest gap", `${Math.round(summary.longestGapMs)} ms between answers`],
    ["heartbeats", heartbeats(summary)],
    [
      "agent",
      `first answer after ${Math.round(summary.startUpMs)} ms, ${mebibytes(summary.agentMemoryBytes)}`,
    ],
    ["machine", `${machine.cpu}, ${machine.cores} cores, ${mebibytes(machine.memoryBytes)}`.slice(0, 66)],
    ["", machine.os.slice(0, 66)],
  ];
  return [
    summary.passed ? "The sandbox held." : "The sandbox did NOT hold:",
    ...summary.failures.map((failure) => `  ${failure}`),
    ...figures.map(([name, value]) => `  ${name.padEnd(12)} ${value}`),
  ];
}

function heartbeats({ heartbeatsReceived, heartbeatsOnTime, heartbeatsRejected }: Summary): string {
  return `${heartbeatsReceived} received, ${heartbeatsOnTime} on time, ${heartbeatsRejected} rejected`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
