/** What the runs of one agent have shown, beside those of the other. */
import { existsSync, readFileSync } from "node:fs";
import { appendFile } from "node:fs/promises";

/** One failure, once; all in milliseconds. */
export interface Run {
  /** The longest time that a client had no answer. */
  readonly gapMs: number;
  /** Both had the VIP on an interface. */
  readonly overlapMs: number;
  /** From the change of a role until the agent told it; undefined when nobody could ask. */
  readonly truthMs: number | undefined;
}

interface Line extends Run {
  readonly agent: string;
  readonly failure: string;
}

export class RunRecord {
  readonly #agent: string;
  readonly #file: string | undefined;
  readonly #lines: Line[];

  /** @param file - has the runs of earlier calls, if there were any, and takes those of this one */
  constructor(agent: string, file: string | undefined) {
    this.#agent = agent;
    this.#file = file;
    const text = file !== undefined && existsSync(file) ? readFileSync(file, "utf8") : "";
    this.#lines = text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Line);
  }

  /** Of this agent. */
  runsOf(failure: string): readonly Run[] {
    return this.#of(this.#agent, failure);
  }

  async add(failure: string, run: Run): Promise<void> {
    const line = { agent: this.#agent, failure, ...run };
    this.#lines.push(line);
    if (this.#file !== undefined) await appendFile(this.#file, `${JSON.stringify(line)}\n`);
  }

  /** A row per failure of which there is a run, a group of columns per agent. */
  table(failures: readonly string[]): string[] {
    const agents = [...new Set(this.#lines.map(({ agent }) => agent))];
    const columns = ["longest gap", "both had the VIP", "until it was told"];
    const head = agents.flatMap((agent) => columns.map((column) => `${agent}: ${column}`));
    const rows = failures
      .map((failure) => [failure, ...agents.flatMap((agent) => cells(this.#of(agent, failure)))])
      .filter((row) => row.slice(1).some((cell) => cell !== NONE));
    const lines = [["median, worst in ms (runs)", ...head], ["---", ...head.map(() => "---")], ...rows];
    return lines.map((row) => `| ${row.join(" | ")} |`);
  }

  #of(agent: string, failure: string): readonly Line[] {
    return this.#lines.filter((line) => line.agent === agent && line.failure === failure);
  }
}

const NONE = "-";

function cells(runs: readonly Run[]): string[] {
  return [
    runs.map(({ gapMs }) => gapMs),
    runs.map(({ overlapMs }) => overlapMs),
    runs.map(({ truthMs }) => truthMs),
  ].map((values) => {
    const sorted = values.filter((value) => value !== undefined).sort((one, other) => one - other);
    const [median, worst] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted.at(-1)];
    if (median === undefined || worst === undefined) return NONE;
    return `${median.toFixed(0)}, ${worst.toFixed(0)} (${sorted.length})`;
  });
}
