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

function judgeRunning({ id, file, modifiedMs, workerStartedMs }: StoredConfig, nowMs: number): Finding[] {
  if (workerStartedMs === undefined || modifiedMs <= workerStartedMs + ROUNDING_MS) return [];
  if (nowMs - modifiedMs < GRACE_MS) return [];
  const moment = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 19);
  const text = `${file} is of ${moment(modifiedMs)}, and HAProxy runs what it read at ${moment(workerStartedMs)}`;
  return [
    warning(
      id,
      text,
      "systemctl reload the unit of HAProxy, or have the controller update the load balancer",
    ),
  ];
}

function judgeRejected({ id, modifiedMs, rejected }: StoredConfig): Finding[] {
  if (!rejected || rejected.modifiedMs <= modifiedMs) return [];
  const text = `HAProxy refused the last upload; the one before is in use`;
  return [warning(id, text, `haproxy -c -f ${rejected.file} says why`)];
}
