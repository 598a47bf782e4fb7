/** `amphora doctor`: what is wrong with this amphora, and what to do about it. */
import process from "node:process";
import { diagnose } from "../doctor/diagnose.ts";
import { renderDiagnosis } from "../doctor/render-diagnosis.ts";
import type { Diagnosis } from "../doctor/types.ts";
import { encodeStatus } from "../status/encode-status.ts";
import { collectFacts } from "./status.ts";

export interface DoctorSettings {
  readonly json: boolean;
  /** Every finding, however many there are of one kind. */
  readonly all: boolean;
  /** File that a bug report is written to. */
  readonly report: string | undefined;
  readonly configFile: readonly string[];
}

const HEALTHY = 0;
const WARNINGS = 1;
const FAILURES = 2;
const NOT_EXAMINED = 3;
const WIDTH = 80;
/** With more of a kind, what matters would leave the screen. */
const MOST = 5;

/** @returns exit code: 0 healthy, 1 with warnings, 2 with failures, 3 not examined */
export async function doctorCommand({ json, all, report, configFile }: DoctorSettings): Promise<number> {
  if (process.geteuid?.() !== 0) {
    console.error("amphora doctor: only root may look into the namespace; try sudo");
    return NOT_EXAMINED;
  }
  const facts = await collectFacts(configFile);
  const status = encodeStatus(facts);
  const diagnosis = await diagnose(facts, status);
  if (json) process.stdout.write(`${JSON.stringify(diagnosis, null, 2)}\n`);
  else {
    const colours = process.stdout.isTTY && !process.env.NO_COLOR;
    const most = all ? Number.POSITIVE_INFINITY : MOST;
    process.stdout.write(renderDiagnosis(diagnosis, { width: WIDTH, colours, most }));
  }
  if (report !== undefined) {
    const { writeReport } = await import("../doctor/report.ts");
    const { sizeBytes } = await writeReport(report, { facts, status, diagnosis });
    console.error(
      `${report}: ${Math.ceil(sizeBytes / 1024)} kB, without keys and passwords; look before you send it`,
    );
  }
  return exitCodeOf(diagnosis);
}

function exitCodeOf({ findings }: Diagnosis): number {
  if (findings.length === 0) return HEALTHY;
  return findings.some(({ severity }) => severity === "failure") ? FAILURES : WARNINGS;
}
