/** Which configuration the keepalived of a listener works with: it reads it when it starts or is told to reload. */
import { KEEPALIVED } from "../config/paths.ts";
import { readIfPresent, replaceFileUnsynced } from "../system/files.ts";
import { readBootId, runningPid, startTimeOf } from "../system/processes.ts";
import { removeFile } from "../system/removal.ts";
import type { LvsLayout } from "./layout.ts";

const MODE = 0o600;

/** @returns the configuration that was noted for the very process that still runs; undefined when nobody knows */
export async function readInForce(layout: LvsLayout): Promise<string | undefined> {
  const noted = (await readIfPresent(layout.inForce))?.toString("utf8");
  const process = noted === undefined ? undefined : await describeProcess(layout);
  if (noted === undefined || process === undefined || !noted.startsWith(process)) return undefined;
  return noted.slice(process.length);
}

/** To be called when keepalived has been started or reloaded with the configuration that is stored. */
export async function noteInForce(layout: LvsLayout): Promise<void> {
  const process = await describeProcess(layout);
  const config = await readIfPresent(layout.config);
  if (process === undefined || config === undefined) await forgetInForce(layout);
  else await replaceFileUnsynced(layout.inForce, Buffer.concat([Buffer.from(process), config]), MODE);
}

/** To be called before keepalived is started, reloaded or stopped. */
export async function forgetInForce({ inForce }: LvsLayout): Promise<void> {
  await removeFile(inForce);
}

/** A line that is of no other process: a pid is used again, but not with the same start. */
async function describeProcess({ pidFile }: LvsLayout): Promise<string | undefined> {
  const pid = await runningPid(pidFile, KEEPALIVED);
  const startedAt = pid === undefined ? undefined : await startTimeOf(pid);
  if (startedAt === undefined) return undefined;
  return `${JSON.stringify({ pid, startedAt, bootId: await readBootId() })}\n`;
}
