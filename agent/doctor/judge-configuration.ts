/** Whether HAProxy runs what the controller has uploaded, and could be started with it again. */
import { findingsOf } from "./finding.ts";
import type { Finding } from "./types.ts";

export interface StoredConfig {
  readonly id: string;
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
  /** Of the last upload that HAProxy refused, if there is one. */
  readonly rejected: { readonly file: string; readonly modifiedMs: number } | undefined;
  /** What a reload would change, in words; undefined when the agent does not know what HAProxy runs. */
  readonly pending: readonly string[] | undefined;
  /** Start of the worker that serves now; undefined when none does. */
  readonly workerStartedMs: number | undefined;
  /** HAProxy's words when it does not accept the file. */
  readonly objection: string | undefined;
}

const { failure, warning } = findingsOf("configuration");
/** HAProxy tells its uptime in whole seconds. */
const ROUNDING_MS = 2_000;
/** Upload and reload are two calls of the controller, one soon after the other. */
const GRACE_MS = 10_000;

export function judgeConfigurations(configs: readonly StoredConfig[], nowMs: number): Finding[] {
  return configs.flatMap((config) => [
    ...judgeText(config),
    ...judgeRunning(config, nowMs),
    ...judgeRejected(config),
  ]);
}

function judgeText({ id, file, objection }: StoredConfig): Finding[] {
  if (objection === undefined) return [];
  const text = `HAProxy would not start again with ${file}: ${objection}`;
  return [
    failure(id, text, "have the controller upload it again: openstack loadbalancer failover, or any update"),
  ];
}

function judgeRunning(config: StoredConfig, nowMs: number): Finding[] {
  const { id, file, modifiedMs, workerStartedMs, pending } = config;
  if (workerStartedMs === undefined || nowMs - modifiedMs < GRACE_MS) return [];
  const remedy =
    "amphora diff shows what a reload would change; have the controller update the load balancer";
  if (pending) {
    if (pending.length === 0) return [];
    const waiting = pending.length === 1 ? "1 change waits" : `${pending.length} changes wait`;
    return [warning(id, `HAProxy does not run ${file}: ${waiting} for a reload`, remedy)];
  }
  // By time, where nothing else is known: changes without a reload make no new worker.
  if (modifiedMs <= workerStartedMs + ROUNDING_MS) return [];
  const moment = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 19);
  const text = `${file} is of ${moment(modifiedMs)}, and HAProxy runs what it read at ${moment(workerStartedMs)}`;
  return [warning(id, text, remedy)];
}

function judgeRejected({ id, modifiedMs, rejected }: StoredConfig): Finding[] {
  if (!rejected || rejected.modifiedMs <= modifiedMs) return [];
  const text = `HAProxy refused the last upload; the one before is in use`;
  return [warning(id, text, `haproxy -c -f ${rejected.file} says why`)];
}
