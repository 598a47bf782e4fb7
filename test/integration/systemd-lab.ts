/** What the tests that boot machines have in common. */
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { renderDocument } from "../../agent/render/documents.ts";
import { AMPHORA_TREE, buildProgram } from "../bed/amphora.ts";
import { BedUnavailable } from "../bed/host.ts";
import { enterLab, type Lab } from "../bed/lab.ts";
import type { TreeSpec } from "../bed/tree.ts";

/** For a program to come or go, and systemd to say so, on a busy machine. */
const PATIENCE_MS = 60_000;

/** @returns undefined where no machine can be booted: the reason is printed, and counted as a skip */
export async function enterOrSkip(title: string, tree: TreeSpec = AMPHORA_TREE): Promise<Lab | undefined> {
  try {
    return await enterLab([tree], buildProgram);
  } catch (error) {
    if (!(error instanceof BedUnavailable)) throw error;
    console.error(`SKIPPED: systemd tests: ${error.message}`);
    test(title, { skip: error.message });
    return undefined;
  }
}

/** @param attempt - may fail until it succeeds @throws when it does not in time, with its last failure */
export async function until(what: string, attempt: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const failure = await attempt().then(
      (done) => (done ? undefined : "not yet"),
      (error: unknown) => error,
    );
    if (failure === undefined) return;
    if (performance.now() > deadline)
      throw new Error(`${what}: not within ${PATIENCE_MS} ms`, { cause: failure });
    await sleep(50);
  }
}

interface HttpListener {
  readonly loadBalancerId: string;
  readonly listenerId: string;
  readonly vip: string;
  readonly member: { readonly address: string; readonly port: number };
  readonly clientTimeoutMs: number;
}

/** What a controller sends for one HTTP listener with one monitored member. */
export function haproxyConfig({
  loadBalancerId,
  listenerId,
  vip,
  member,
  clientTimeoutMs,
}: HttpListener): Promise<string> {
  const seconds = { delay: 1, timeout: 1, max_retries: 1, max_retries_down: 2 };
  const request = { http_method: "GET", url_path: "/", expected_codes: "200" };
  return renderDocument({
    format: "octavia-amphora-rendering",
    format_version: 1,
    kind: "haproxy",
    haproxy: { version: "2.6" },
    loadbalancer: {
      loadbalancer_id: loadBalancerId,
      project_id: "e3cd678b11784734bc366148aa37580e",
      vip_address: vip,
      listeners: [
        {
          listener_id: listenerId,
          protocol: "HTTP",
          protocol_port: 80,
          connection_limit: 100,
          timeout_client_data: clientTimeoutMs,
          default_pool_id: "pool",
        },
      ],
      pools: [
        {
          pool_id: "pool",
          protocol: "HTTP",
          healthmonitor: { healthmonitor_id: "monitor", type: "HTTP", ...seconds, ...request },
          members: [{ member_id: "member", address: member.address, protocol_port: member.port }],
        },
      ],
    },
  });
}
