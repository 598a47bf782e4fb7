/** Adds up what a performance showed, and judges what no single step could. */
import type { HealthFigures } from "./health-receiver.ts";
import { machineFacts } from "./machine-facts.ts";
import type { StepLine } from "./render-board.ts";
import type { Summary } from "./render-summary.ts";
import { HEARTBEAT_INTERVAL_SECONDS } from "./scene.ts";
import { processMemoryBytes, type Stage } from "./stage.ts";
import type { Figures } from "./story.ts";

/** A controller of default settings gives an amphora up after six intervals of silence. */
const LONGEST_SILENCE_MS = 6 * HEARTBEAT_INTERVAL_SECONDS * 1000;

export interface Performance {
  readonly figures: Figures;
  readonly failures: readonly string[];
  readonly steps: readonly StepLine[];
  readonly seconds: number;
}

/** Has to be called while the agent still runs. */
export async function sumUp({ load, health }: Stage, performance: Performance): Promise<Summary> {
  const { figures, steps, seconds } = performance;
  const { received, onTime, rejected } = health.figures;
  const [machine, agentMemoryBytes] = await Promise.all([
    machineFacts(),
    processMemoryBytes(figures.agentPid),
  ]);
  const failures = [...performance.failures, ...heartbeatFailures(health.figures)];
  if (load.latest.failed > 0)
    failures.push(`${load.latest.failed} requests failed: ${reasons(load.latest.reasons)}`);
  return {
    passed: failures.length === 0,
    failures,
    stepsDone: steps.filter(({ state }) => state === "done").length,
    ...{ steps: steps.length, seconds },
    ...{ requestsSent: load.latest.sent, requestsFailed: load.latest.failed },
    reloads: figures.reloads,
    reloadRequestsPerSecond: figures.reloadRate,
    longestGapMs: figures.longestGapMs,
    ...{ heartbeatsReceived: received, heartbeatsOnTime: onTime, heartbeatsRejected: rejected },
    ...{ startUpMs: figures.startUpMs, agentMemoryBytes, machine },
  };
}

function heartbeatFailures({ rejected, lastProblem, longestSilenceMs }: HealthFigures): string[] {
  const failures: string[] = [];
  if (rejected > 0) failures.push(`${rejected} heartbeats would be dropped: ${lastProblem}`);
  if (longestSilenceMs > LONGEST_SILENCE_MS)
    failures.push(`no heartbeat for ${(longestSilenceMs / 1000).toFixed(1)} s`);
  return failures;
}

function reasons(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([reason, count]) => `${reason} (${count})`)
    .join(", ");
}
