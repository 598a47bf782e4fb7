/** The live picture: what happens, how listeners and members are, how much traffic there is. */
import type { Call } from "./controller.ts";
import type { Heartbeat } from "./health-parse.ts";
import type { HealthFigures } from "./health-receiver.ts";

export interface StepLine {
  readonly title: string;
  readonly state: "waiting" | "running" | "done" | "failed";
  /** What was seen, or what did not hold. */
  readonly detail: string;
  readonly seconds: number;
}

export interface Board {
  readonly steps: readonly StepLine[];
  readonly heartbeat: Heartbeat | undefined;
  readonly health: HealthFigures;
  /** Names to show in place of ids. */
  readonly names: ReadonlyMap<string, string>;
  readonly traffic: {
    readonly answersPerSecond: number;
    readonly sent: number;
    readonly failed: number;
    readonly byBackend: Readonly<Record<string, number>>;
  };
  readonly lastCall: Call | undefined;
  /** Lines below the picture: hints. */
  readonly notes: readonly string[];
}

const MARKS = { waiting: " ", running: ">", done: "\u2713", failed: "\u2717" } as const;

/**
 * @param width - columns of the terminal; no line is longer
 * @returns lines without newline
 */
export function renderBoard(board: Board, width: number): string[] {
  return [
    "amphora sandbox",
    "",
    ...board.steps.map(stepLine),
    "",
    ...statusLines(board),
    "",
    trafficLine(board),
    healthLine(board.health),
    callLine(board.lastCall),
    ...(board.notes.length > 0 ? ["", ...board.notes] : []),
  ].map((line) => line.slice(0, width));
}

/** One step as the live picture and the plain log show it. */
export function stepLine({ title, state, detail, seconds }: StepLine): string {
  const time = state === "waiting" ? "" : `${seconds.toFixed(1)} s`;
  return ` ${MARKS[state]} ${title.padEnd(28)} ${time.padStart(6)}  ${detail}`.trimEnd();
}

function statusLines({ heartbeat, names }: Board): string[] {
  if (heartbeat === undefined) return ["   no heartbeat yet"];
  const name = (id: string) => names.get(id) ?? id;
  const lines = [...heartbeat.listeners].map(([id, { status }]) => row("listener", name(id), status));
  for (const [key, { status, members }] of heartbeat.pools) {
    lines.push(row("pool", name(key.slice(0, key.lastIndexOf(":"))), status));
    for (const [id, memberStatus] of members) lines.push(row("  member", name(id), memberStatus));
  }
  return lines.length > 0 ? lines : ["   no listeners"];
}

function row(kind: string, name: string, status: string): string {
  return `   ${kind.padEnd(10)} ${name.padEnd(38)} ${status}`;
}

function trafficLine({ traffic }: Board): string {
  const shares = Object.entries(traffic.byBackend).map(([name, count]) => `${name} ${count}`);
  const rate = `${Math.round(traffic.answersPerSecond)}/s`;
  return `   requests   ${rate.padEnd(6)} ${traffic.sent} sent, ${traffic.failed} failed  ${shares.join("  ")}`;
}

function healthLine(health: HealthFigures): string {
  return `   heartbeats ${health.received} received, ${health.onTime} on time, ${health.rejected} rejected`;
}

function callLine(call: Call | undefined): string {
  if (call === undefined) return "";
  const path = call.path.replaceAll(
    /[0-9a-f]{8}-[0-9a-f-]{27}/g,
    (id) => `${id.slice(0, 4)}..${id.slice(-2)}`,
  );
  return `   last call  ${call.method} ${path} ${call.status}, ${Math.round(call.durationMs)} ms`;
}
