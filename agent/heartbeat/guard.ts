/** Keeps an amphora silent whose keepalived is configured but gone (docs/contract/heartbeat.md, section 2). */
import { systemErrorCode } from "../errors.ts";
import { isFile, readIfPresent } from "../system/files.ts";

/** Sends a signal. @throws the system error, `ESRCH` for a process that does not exist */
export type SendSignal = (pid: number, signal: number) => void;

export const sendSignal: SendSignal = (pid, signal) => {
  process.kill(pid, signal);
};

/**
 * @param basePath - state directory, `[haproxy_amphora] base_path`
 * @returns why no heartbeat may be sent; undefined when it may
 */
export async function reasonForSilence(basePath: string, signal: SendSignal): Promise<string | undefined> {
  if (!(await isFile(`${basePath}/vrrp/octavia-keepalived.conf`))) return undefined;
  const text = await readIfPresent(`${basePath}/vrrp/octavia-keepalived.pid`);
  if (text === undefined) return "keepalived is configured but has no pid file";
  const [line = ""] = text.toString("latin1").split("\n", 1);
  if (!/^\s*[1-9]\d{0,9}\s*$/.test(line)) return "keepalived's pid file holds no pid";
  try {
    signal(Number(line), 0);
    return undefined;
  } catch (error) {
    return `keepalived is configured but does not run (${systemErrorCode(error) ?? String(error)})`;
  }
}
