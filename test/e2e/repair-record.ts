/** How long each breakage lasted with one agent, beside the other. */
import { existsSync, readFileSync } from "node:fs";
import { appendFile } from "node:fs/promises";

/** In seconds; undefined for never. */
export interface Repaired {
  readonly servesAfter: number | undefined;
  readonly wholeAfter: number | undefined;
}

interface Line extends Repaired {
  readonly agent: string;
  readonly breakage: string;
}

export class RepairRecord {
  readonly #agent: string;
  readonly #file: string | undefined;
  readonly #patience: number;
  readonly #lines: Line[];

  /**
   * @param file - has the lines of earlier calls, if there were any, and takes those of this one
   * @param patience - seconds that were waited
   */
  constructor(agent: string, file: string | undefined, patience: number) {
    this.#agent = agent;
    this.#file = file;
    this.#patience = patience;
    const text = file !== undefined && existsSync(file) ? readFileSync(file, "utf8") : "";
    this.#lines = text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Line);
  }

  has(breakage: string): boolean {
    return this.#lines.some((line) => line.agent === this.#agent && line.breakage === breakage);
  }

  async add(breakage: string, repaired: Repaired): Promise<void> {
    const line = { agent: this.#agent, breakage, ...repaired };
    this.#lines.push(line);
    if (this.#file !== undefined) await appendFile(this.#file, `${JSON.stringify(line)}\n`);
  }

  /** A row per breakage, two columns per agent. */
  table(): string[] {
    const agents = [...new Set(this.#lines.map(({ agent }) => agent))];
    const breakages = [...new Set(this.#lines.map(({ breakage }) => breakage))];
    const head = agents.flatMap((agent) => [`${agent}: serves after`, `${agent}: whole after`]);
    const rows = breakages.map((breakage) => [
      breakage,
      ...agents.flatMap((agent) => {
        const line = this.#lines.find((one) => one.agent === agent && one.breakage === breakage);
        return line ? [this.#cell(line.servesAfter), this.#cell(line.wholeAfter)] : ["-", "-"];
      }),
    ]);
    const lines = [["broken; seconds", ...head], ["---", ...head.map(() => "---")], ...rows];
    return lines.map((row) => `| ${row.join(" | ")} |`);
  }

  #cell(seconds: number | undefined): string {
    return seconds === undefined ? `not within ${this.#patience}` : seconds.toFixed(1);
  }
}
