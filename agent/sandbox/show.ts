/** Inside the throwaway host: sets the stage, plays the story, shows it, sums up. */
import { once } from "node:events";
import process from "node:process";
import { asError } from "../errors.ts";
import { agentLogTail } from "./agent-process.ts";
import type { Call } from "./controller.ts";
import { openDisplay } from "./display.ts";
import type { Board, StepLine } from "./render-board.ts";
import { renderSummary } from "./render-summary.ts";
import { BACKENDS, LISTENER_ID, POOL_ID } from "./scene.ts";
import { type Stage, setStage } from "./stage.ts";
import { CREATION, type Figures, LIFE, NO_FIGURES, type Step } from "./story.ts";
import { sumUp } from "./sum-up.ts";

export interface ShowSettings {
  /** Play the whole story and end; otherwise stay up after the creation. */
  readonly once: boolean;
  /** The summary as JSON on standard output, progress on standard error. */
  readonly json: boolean;
}

const LOG_LINES = 20;
const VISITORS_PER_SECOND = 5;

const HINTS = [
  "   Send a request:     amphora sandbox exec -- curl -s http://203.0.113.5/",
  "   Look around:        amphora sandbox exec -- bash",
  "   Stop and clean up:  Ctrl-C",
];

const NAMES = new Map([
  [LISTENER_ID, "HTTP on port 80"],
  [POOL_ID, "round robin"],
  ...BACKENDS.map(({ memberId, name, address }) => [memberId, `${name}, ${address}`] as const),
]);

/** @returns exit code: 0 when everything held, or when stopped while staying up */
export async function runShow(settings: ShowSettings): Promise<number> {
  const curtain = new AbortController();
  stopOnRequest(() => curtain.abort(new Stopped("stopped before the end")));
  let lastCall: Call | undefined;
  const stage = await setStage({
    signal: curtain.signal,
    onCall: (call) => {
      lastCall = call;
    },
    lost: (error) => curtain.abort(error),
  });
  try {
    return await perform(settings, stage, () => lastCall);
  } finally {
    await stage.strike();
    process.stdin.destroy();
  }
}

/** Somebody wants the sandbox to end. */
class Stopped extends Error {}

/** Standard input is held by whoever started us: it ends when they do, or when they tell us to stop. */
function stopOnRequest(stop: () => void): void {
  process.stdin.on("end", stop).resume();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stop);
}

async function perform(
  settings: ShowSettings,
  stage: Stage,
  lastCall: () => Call | undefined,
): Promise<number> {
  const plan = settings.once ? [...CREATION, ...LIFE] : CREATION;
  const lines = plan.map(({ title }): StepLine => ({ title, state: "waiting", detail: "", seconds: 0 }));
  const figures: Figures = { ...NO_FIGURES };
  const startedAt = performance.now();
  let notes: readonly string[] = [];
  const look = (): Board => ({
    ...{ steps: lines, heartbeat: stage.health.latest, health: stage.health.figures, names: NAMES },
    traffic: { ...stage.load.latest, answersPerSecond: stage.load.answersPerSecond },
    ...{ lastCall: lastCall(), notes },
  });
  const display = openDisplay(settings.json ? process.stderr : process.stdout, look);
  const failures: string[] = [];
  try {
    for (const [index, step] of plan.entries()) {
      await playStep(stage, step, figures, (line) => {
        lines[index] = line;
      }).finally(() => display.stepEnded(index));
    }
    if (!settings.once) {
      notes = HINTS;
      display.notesChanged();
      await stayUp(stage);
    }
  } catch (error) {
    failures.push(asError(error).message);
    // Whoever stops it knows why.
    if (!(stage.signal.reason instanceof Stopped)) notes = await lastLogLines();
  }
  display.close();
  if (!settings.once) return tell(failures);
  const seconds = (performance.now() - startedAt) / 1000;
  const summary = await sumUp(stage, { figures, failures, steps: lines, seconds });
  const text = settings.json ? JSON.stringify(summary) : `\n${renderSummary(summary).join("\n")}`;
  process.stdout.write(`${text}\n`);
  return summary.passed ? 0 : 1;
}

function tell(failures: readonly string[]): number {
  for (const failure of failures) process.stderr.write(`amphora sandbox: ${failure}\n`);
  return failures.length === 0 ? 0 : 1;
}

async function playStep(
  stage: Stage,
  { title, play }: Step,
  figures: Figures,
  change: (line: StepLine) => void,
): Promise<void> {
  const startedAt = performance.now();
  const line = (state: StepLine["state"], detail: string): void =>
    change({ title, state, detail, seconds: (performance.now() - startedAt) / 1000 });
  line("running", "");
  try {
    // An agent that has died answers nothing: its end is the better reason.
    line("done", await Promise.race([play(stage, figures), aborted(stage.signal)]));
  } catch (error) {
    const reason = asError(stage.signal.aborted ? stage.signal.reason : error);
    line("failed", reason.message);
    throw new Error(`${title}: ${reason.message}`, { cause: reason });
  }
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw asError(signal.reason);
}

/** Light traffic until somebody stops it, which is no failure, or a part of the sandbox is gone, which is one. */
async function stayUp({ load, signal }: Stage): Promise<void> {
  load.setRate(VISITORS_PER_SECOND);
  if (!signal.aborted) await once(signal, "abort");
  if (!(signal.reason instanceof Stopped)) throw signal.reason;
}

async function lastLogLines(): Promise<readonly string[]> {
  return ["The agent's last log lines:", ...(await agentLogTail(LOG_LINES)).map((line) => `  ${line}`)];
}
