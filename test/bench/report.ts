/** Results as a table on the terminal and as docs/benchmarks.md. */
import { readFile, writeFile } from "node:fs/promises";
import { cpus, release } from "node:os";
import { join } from "node:path";
import type { AgentProgram } from "../bed/agents.ts";
import type { Measure, Row } from "./measures/measure.ts";
import { median, quantile } from "./statistics.ts";

export type Samples = Map<string, readonly number[]>;

export interface Outcome {
  readonly program: AgentProgram;
  readonly haproxyVersion: string;
  readonly samples: Samples;
}

interface Line {
  readonly row: Row;
  readonly ours: readonly number[] | undefined;
  readonly upstream: readonly number[] | undefined;
  readonly ratio: number | undefined;
  readonly verdict: "pass" | "MISS" | "FAILED" | "";
}

const PAGE = join(import.meta.dirname, "../../docs/benchmarks.md");
const HEADINGS = ["measure", "unit", "ours", "upstream", "ratio", "target", "verdict"];

/**
 * Prints the table and, after a complete run, writes the page.
 * @returns whether every measure succeeded and reached its target
 */
export async function report(
  measures: readonly Measure[],
  outcomes: readonly Outcome[],
  complete: boolean,
): Promise<boolean> {
  const lines = measures.flatMap(({ rows }) => rows.map((row) => toLine(row, outcomes)));
  const table = [HEADINGS, ...lines.map(cells)];
  process.stdout.write(`${aligned(table)}\n`);
  if (complete) await writeFile(PAGE, await page(measures, outcomes, table));
  return lines.every(({ verdict }) => verdict === "pass" || verdict === "");
}

function toLine(row: Row, outcomes: readonly Outcome[]): Line {
  const of = (name: AgentProgram["name"]) =>
    outcomes.find(({ program }) => program.name === name)?.samples.get(row.id);
  const [ours, upstream] = [of("ours"), of("upstream")];
  // Of nothing there is no share.
  const ratio = ours && upstream && median(upstream) !== 0 ? median(ours) / median(upstream) : undefined;
  const verdict =
    ratio === undefined || row.target === undefined ? "" : ratio <= row.target ? "pass" : "MISS";
  return { row, ours, upstream, ratio, verdict };
}

function cells({ row, ours, upstream, ratio, verdict }: Line): string[] {
  const target = row.target === undefined ? "" : `≤ ${row.target}`;
  return [row.title, row.unit, figure(ours), figure(upstream), ratio?.toFixed(2) ?? "", target, verdict];
}

/** Median, and the middle half of the samples. */
function figure(samples: readonly number[] | undefined): string {
  if (samples === undefined) return "";
  const [middle, lower, upper] = [median(samples), quantile(samples, 0.25), quantile(samples, 0.75)].map(
    rounded,
  );
  return `${middle} (${lower} to ${upper})`;
}

function rounded(value: number): string {
  return value.toFixed(Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0);
}

function aligned(table: readonly string[][]): string {
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

async function page(
  measures: readonly Measure[],
  outcomes: readonly Outcome[],
  table: readonly string[][],
): Promise<string> {
  const [headings, ...rows] = table.map((row) => `| ${row.join(" | ")} |`);
  const rule = `|${HEADINGS.map(() => "---").join("|")}|`;
  const definitions = measures.map(({ name, definition }) => `- **${name}**: ${definition}`);
  return `# Benchmarks

Written by \`npm run bench\` from its results: do not edit. Both agents were measured in the same run, each in a
freshly booted machine made of the same Debian tree (systemd, the same HAProxy), with the same client, configurations
and kind of certificates. A figure is the median, with the middle half of the samples in brackets; the ratio is ours to
upstream's.

${await circumstances(outcomes)}

${[headings, rule, ...rows].join("\n")}

## How the figures are made

${definitions.join("\n")}

\`npm run bench -- --only NAME\` runs one measure, \`--ours-only\` leaves upstream out. The command ends with exit code 1
when a target is missed, 2 when this machine cannot boot others. It needs root and Debian with \`systemd-container\`
and \`mmdebstrap\`.
`;
}

async function circumstances(outcomes: readonly Outcome[]): Promise<string> {
  const [processor] = cpus();
  const memory = /^MemTotal:\s+(\d+)/m.exec(await readFile("/proc/meminfo", "utf8"))?.[1];
  const machine = `${cpus().length} × ${processor?.model ?? "unknown processor"}, ${Math.round(Number(memory) / 2 ** 20)} GB, Linux ${release()}`;
  const programs = outcomes.map(({ program }) => `${program.name}: ${program.version}`);
  const facts = [machine, `HAProxy ${outcomes[0]?.haproxyVersion}`, `Node ${process.version}`, ...programs];
  return facts.map((fact) => `- ${fact}`).join("\n");
}
