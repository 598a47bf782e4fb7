/** Keeps an amphora silent whose keepalived is configured but gone (docs/contract/heartbeat.md, section 2). */
import { systemErrorCode } from "../errors.ts";
import { isFile, type Names } from "../system/files.ts";
import { namedPid } from "../system/processes.ts";

/** Sends a signal. @throws the system error, `ESRCH` for a process that does not exist */
export type SendSignal = (pid: number, signal: number) => void;

export const sendSignal: SendSignal = (pid, signal) => {
  process.kill(pid, signal);
};

/**
 * @param names - what is in the state directory: without VRRP there nothing else is looked at
 * @param basePath - state directory, `[haproxy_amphora] base_path`
 * @returns why no heartbeat may be sent; undefined when it may
 */
export function reasonForSilence(
  names: Names,
  basePath: string,
  signal: SendSignal,
): Promise<string | undefined> | undefined {
  return names.directories.includes("vrrp") ? reasonOfKeepalived(basePath, signal) : undefined;
}

async function reasonOfKeepalived(basePath: string, signal: SendSignal): Promise<string | undefined> {
  if (!(await isFile(`${basePath}/vrrp/octavia-keepalived.conf`))) return undefined;
  const pid = await namedPid(`${basePath}/vrrp/octavia-keepalived.pid`);
  if (pid === undefined) return "keepalived is configured but has no pid file, or one without a pid";
  try {
    signal(pid, 0);
    return undefined;
  } catch (error) {
    return `keepalived is configured but does not run (${systemErrorCode(error) ?? String(error)})`;
  }
}
