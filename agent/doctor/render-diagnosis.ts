/** A diagnosis as text for a terminal. */
import {
  bad,
  EMPTY,
  good,
  type Line,
  layOut,
  plain,
  quiet,
  type ScreenOptions,
  type Word,
} from "../status/screen.ts";
import type { Diagnosis, Finding } from "./types.ts";

export interface DiagnosisOptions extends ScreenOptions {
  /** Findings of one check to show; the others are counted. */
  readonly most: number;
}

/** Behind the longest label. */
const TEXT = 9;
const LABELS: Readonly<Record<Finding["severity"], Word>> = {
  failure: bad("FAILURE "),
  warning: { text: "warning ", tone: "doubtful" },
};

/** @returns lines, each with its newline; a single one when nothing is wrong */
export function renderDiagnosis({ findings, checks }: Diagnosis, options: DiagnosisOptions): string {
  const lines =
    findings.length === 0
      ? [line(0, [good("healthy:"), ...words(`${checks.length} checks found nothing wrong`)])]
      : findingLines(findings, options.most);
  return lines.map((one) => layOut(one, options)).join("");
}

function findingLines(findings: readonly Finding[], most: number): Line[] {
  const shown = findings.filter((finding, index) => isAmongFirst(findings, finding, index, most));
  const failures = findings.filter(({ severity }) => severity === "failure").length;
  const hidden = findings.length - shown.length;
  return [
    ...shown.flatMap(({ severity, text, remedy }) => [
      line(0, [LABELS[severity], ...words(text)]),
      line(TEXT, [quiet("->"), ...words(remedy)], TEXT + 3),
    ]),
    ...(hidden === 0 ? [] : [line(TEXT, [quiet(`and ${hidden} more of the same kind: --all shows them`)])]),
    EMPTY,
    line(0, words(`${count(failures, "failure")}, ${count(findings.length - failures, "warning")}`)),
  ];
}

function isAmongFirst(
  findings: readonly Finding[],
  { check, severity }: Finding,
  index: number,
  most: number,
): boolean {
  const before = findings
    .slice(0, index)
    .filter((other) => other.check === check && other.severity === severity);
  return before.length < most;
}

function line(indent: number, parts: readonly Word[], hanging = TEXT): Line {
  return { indent, words: parts, hanging };
}

function words(text: string): Word[] {
  return text.split(" ").map(plain);
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}
