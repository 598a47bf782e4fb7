/** Which configuration the keepalived of a listener works with: it reads it when it starts, and then never again. */
import { createHash } from "node:crypto";
import { KEEPALIVED } from "../config/paths.ts";
import { readIfPresent, replaceFileUnsynced } from "../system/files.ts";
import { readBootId, runningPid, startTimeOf } from "../system/processes.ts";
import { removeFile } from "../system/removal.ts";
import type { LvsLayout } from "./layout.ts";

const MODE = 0o600;

/** Whether the very process that was last started with what is stored now still runs. */
export async function isInForce(layout: LvsLayout): Promise<boolean> {
  const noted = await readIfPresent(layout.inForce);
  return noted !== undefined && noted.toString("utf8") === (await describe(layout));
}

/** To be called when keepalived has been started with the configuration that is stored. */
export async function noteInForce(layout: LvsLayout): Promise<void> {
  const text = await describe(layout);
  if (text === undefined) await forgetInForce(layout);
  else await replaceFileUnsynced(layout.inForce, text, MODE);
}

/** To be called before keepalived is started or stopped. */
export async function forgetInForce({ inForce }: LvsLayout): Promise<void> {
  await removeFile(inForce);
}

/** The process and its configuration; a pid is used again, but not with the same start. */
async function describe({ config, pidFile }: LvsLayout): Promise<string | undefined> {
  const pid = await runningPid(pidFile, KEEPALIVED);
  const startedAt = pid === undefined ? undefined : await startTimeOf(pid);
  const bytes = await readIfPresent(config);
  if (startedAt === undefined || bytes === undefined) return undefined;
  const digest = createHash("sha256").update(bytes).digest("hex");
  return `${JSON.stringify({ pid, startedAt, bootId: await readBootId(), digest })}\n`;
}
