/** Whether the addresses of a new configuration are free, found out before HAProxy is reloaded. */
import { NAMESPACE_HANDLE } from "../../config/paths.ts";
import { AgentError } from "../../errors.ts";
import { sendSignal } from "../../system/detached.ts";
import { replaceFileUnsynced } from "../../system/files.ts";
import { readNamespaceFile } from "../../system/namespace-file.ts";
import { runningPid } from "../../system/processes.ts";
import { removeFile } from "../../system/removal.ts";
import type { Try } from "../../system/run.ts";
import type { Layout } from "../layout.ts";
import {
  doubtfulBinds,
  newBinds,
  parseBinds,
  parseListening,
  parseLocalAddresses,
  renderRehearsal,
} from "./parse-binds.ts";
import type { RunningRecord } from "./types.ts";

const REHEARSAL_TIMEOUT_MS = 5_000;

export interface RehearsalOptions {
  readonly haproxyCmd: string;
  readonly tryRun: Try;
}

/**
 * A reload whose new worker cannot listen makes the old one stop listening, for up to two seconds of attempts
 * (HAProxy 2.6, measured: every connection is refused meanwhile). So a HAProxy of its own, without an old one, is
 * asked first, and only about addresses that are new and of which it is doubtful whether they can be had.
 * @throws AgentError `commandFailed` with HAProxy's words when one of them cannot
 */
export async function rehearse(
  layout: Layout,
  before: RunningRecord,
  text: string,
  options: RehearsalOptions,
): Promise<void> {
  const old = parseBinds(before.text);
  const binds = newBinds(parseBinds(text), old);
  if (binds.length === 0) return;
  const read = async (name: string): Promise<string> =>
    (await readNamespaceFile(before.worker.pid, NAMESPACE_HANDLE, name))?.toString("latin1") ?? "";
  const [tcp, tcp6, routes, interfaces] = await Promise.all(
    ["tcp", "tcp6", "fib_trie", "if_inet6"].map(read),
  );
  const listening = [tcp, tcp6].flatMap((table = "") => parseListening(table));
  const local = parseLocalAddresses(routes ?? "", interfaces ?? "");
  const doubtful = doubtfulBinds(binds, old, { listening, local });
  if (doubtful.length > 0) await listen(layout, renderRehearsal(text, doubtful), options);
}

/** Runs a HAProxy until it listens, or does not. */
async function listen(
  { directory, config }: Layout,
  text: string,
  { haproxyCmd, tryRun }: RehearsalOptions,
): Promise<void> {
  const [file, pidFile] = [`${directory}/rehearsal.cfg`, `${directory}/rehearsal.pid`];
  await replaceFileUnsynced(file, text, 0o600);
  try {
    const command = [`--net=${NAMESPACE_HANDLE}`, "--", haproxyCmd, "-D", "-p", pidFile, "-f", file];
    const { output } = await tryRun("nsenter", command, { timeoutMs: REHEARSAL_TIMEOUT_MS });
    const alerts = output.split("\n").filter((line) => line.startsWith("[ALERT]"));
    if (!alerts.some((line) => line.includes("cannot bind socket"))) return;
    const details = alerts.join("\n").replaceAll(file, config);
    throw new AgentError("commandFailed", "Error reloading haproxy", { details });
  } finally {
    // In the background since it listens.
    const pid = await runningPid(pidFile, haproxyCmd);
    if (pid !== undefined) sendSignal(pid, "SIGKILL");
    await removeFile(pidFile);
    await removeFile(file);
  }
}
