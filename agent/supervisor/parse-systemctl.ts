/** What systemctl's outcome means (docs/contract/rest-api.md, 2.4, step 5). */

type Verdict = "done" | "notActive" | "failed";

export function judgeSystemctl(exitCode: number, output: string): Verdict {
  if (exitCode === 0 || output.includes("Job is already running")) return "done";
  return output.includes("is not active, cannot reload.") ? "notActive" : "failed";
}

/**
 * Whether a unit is meant to run: one that has crashed is, one that was stopped or never started is not.
 * @param properties - `ActiveState` and `Job`, as `systemctl show` prints them; a job of an inactive unit
 * is its start, as at boot, and one that ends without a job has crashed: systemd still ends what is left of it
 */
export function isMeantToRun(properties: string): boolean {
  if (/^ActiveState=(?:active|reloading|activating|failed)$/m.test(properties)) return true;
  const hasJob = /^Job=[1-9]/m.test(properties);
  return /^ActiveState=inactive$/m.test(properties)
    ? hasJob
    : /^ActiveState=deactivating$/m.test(properties) && !hasJob;
}

/**
 * Whether systemd has given a unit up, and its main process, if it has one.
 * @param properties - `ActiveState` and `MainPID`, as `systemctl show` prints them
 */
export function parseActivity(properties: string): {
  readonly isFailed: boolean;
  readonly pid: number | undefined;
} {
  const [, pid] = /^MainPID=([1-9]\d*)$/m.exec(properties) ?? [];
  return {
    isFailed: /^ActiveState=failed$/m.test(properties),
    pid: pid === undefined ? undefined : Number(pid),
  };
}

/**
 * Whether HAProxy was started just now, and so with the configuration that a reload was for.
 * @param info - answer to `show info`
 */
export function wasJustStarted(info: string): boolean {
  const uptimeSeconds = parseUptime(info);
  return uptimeSeconds !== undefined && uptimeSeconds >= 1 && uptimeSeconds <= 15;
}

/** Seconds since HAProxy's start, if the answer tells them. */
export function parseUptime(info: string): number | undefined {
  const [, seconds] = /^Uptime_sec: (\d+)$/m.exec(info) ?? [];
  return seconds === undefined ? undefined : Number(seconds);
}
