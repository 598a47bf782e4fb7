/**
 * Draws what terminals showed (test/e2e/diagnosis.test.ts, `--record`) as pictures for the documentation:
 * `node scripts/pictures.ts DIRECTORY`, with a `<place>.json` for each of the places; and Prometheus' own figures
 * (test/integration/metrics-prometheus.test.ts) as a graph.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { PlaceRecord, Screens } from "../test/e2e/diagnosis.ts";
import { drawGraph, type Range } from "./graph-svg.ts";
import { drawTerminal } from "./terminal-svg.ts";

const TARGET = new URL("../docs/pictures/", import.meta.url).pathname;
const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error("usage: node scripts/pictures.ts DIRECTORY");

await mkdir(TARGET, { recursive: true });
for (const file of (await readdir(directory)).filter((name) => name.endsWith(".json"))) {
  const read: unknown = JSON.parse(await readFile(join(directory, file), "utf8"));
  if (file === "prometheus.json") {
    await writeFile(join(TARGET, "prometheus.svg"), drawGraph(read as Range));
    continue;
  }
  const record = read as PlaceRecord;
  for (const [command, words] of [
    ["status", "status"],
    ["top", "top --once"],
    ["doctor", "doctor"],
  ] as const) {
    const text = screensOf(record, command, words);
    await writeFile(join(TARGET, `${record.place}-${command}.svg`), drawTerminal(text));
  }
}

/** Healthy, then with each fault: of a status only what it says is wrong. */
function screensOf({ place, healthy, faults }: PlaceRecord, command: keyof Screens, words: string): string {
  const shown = faults.map((fault) => {
    const text = unix(fault[command]);
    return section(place, fault.name, words, command === "status" ? lastParagraph(text) : text);
  });
  return [section(place, "healthy", words, unix(healthy[command])), ...shown].join("\n");
}

function section(place: string, state: string, words: string, text: string): string {
  return `\x1b[2m# ${place}: ${state}\x1b[0m\n\x1b[1m$ amphora ${words}\x1b[0m\n${text.trimEnd()}\n`;
}

function unix(text: string): string {
  return text.replaceAll("\r\n", "\n");
}

function lastParagraph(text: string): string {
  return `...\n${text.trimEnd().split("\n\n").at(-1) ?? ""}`;
}
