/**
 * Prometheus itself, on the client's side of the VIP. With a directory in `AMPHORA_RECORD` its answer goes there as
 * `prometheus.json`, for scripts/pictures.ts.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "node:test";
import { startDaemon } from "./daemon.ts";
import { until } from "./heartbeat-host.ts";
import { furnish, VIP } from "./loadbalancer-host.ts";
import { deploy, LISTENER_PORT, LOAD_BALANCER } from "./metrics-host.ts";

const PORT = 9_090;
const SERVERS = 3;
const LIMIT_MS = 60_000;
const GRAPHED = "octavia_loadbalancer_requests_total";
const RECORD = process.env.AMPHORA_RECORD;

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

/** @returns nothing while Prometheus does not answer yet */
async function query(kind: "query" | "query_range", parameters: Record<string, string>): Promise<Series[]> {
  const url = `http://127.0.0.1:${PORT}/api/v1/${kind}?${new URLSearchParams(parameters)}`;
  const response = await fetch(url).catch(() => undefined);
  if (!response?.ok) return [];
  const { data } = (await response.json()) as { data: { result: Series[] } };
  return data.result;
}

async function startPrometheus(): Promise<AsyncDisposable> {
  const directory = await mkdtemp(`${tmpdir()}/prometheus-`);
  const file = `${directory}/prometheus.yml`;
  await writeFile(
    file,
    `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: octavia
    static_configs: [{targets: ["${VIP}:${LISTENER_PORT}"]}]
`,
  );
  const options = [`--storage.tsdb.path=${directory}/data`, `--web.listen-address=127.0.0.1:${PORT}`];
  const child = spawn("prometheus", [`--config.file=${file}`, "--log.level=error", ...options], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  await once(child, "spawn");
  return {
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill();
      await ended;
      await rm(directory, { recursive: true });
    },
  };
}

test("Prometheus scrapes a listener of the VIP, has every member's series and draws its graph", async (t) => {
  await using _host = await furnish();
  await using daemon = await startDaemon();
  await deploy(daemon, { prometheus: true, servers: SERVERS, address: VIP });
  await using _prometheus = await startPrometheus();
  await until(async () => (await query("query", { query: "up == 1" })).length === 1, LIMIT_MS);
  const members = await query("query", { query: 'octavia_member_status{state="UP"}' });
  assert.equal(members.length, SERVERS);
  for (const { metric, value } of members) {
    const { pool = "", member = "" } = metric;
    assert.match(pool, /^2{8}-\S+:1{8}-\S+$/);
    assert.match(member, /^3{8}-/);
    assert.equal(value?.[1], "1");
  }
  const [sent] = await query("query", { query: "amphora_agent_heartbeats_sent_total" });
  assert.ok(sent);
  const [names] = await query("query", { query: 'count(count by (__name__) ({__name__=~"octavia_.*"}))' });
  t.diagnostic(`${names?.value?.[1]} metrics of Octavia's`);
  assert.ok(Number(names?.value?.[1]) > 100);
  // Each scrape is a request that its own listener has taken.
  const graph = async (): Promise<readonly (readonly [number, string])[]> => {
    const now = Date.now() / 1_000;
    const range = { start: String(now - 60), end: String(now), step: "1" };
    const [requests] = await query("query_range", { query: GRAPHED, ...range });
    return requests?.values ?? [];
  };
  const wanted = RECORD === undefined ? 3 : 40;
  await until(async () => new Set((await graph()).map(([, value]) => value)).size >= wanted, 2 * LIMIT_MS);
  const values = await graph();
  if (RECORD !== undefined) {
    await writeFile(`${RECORD}/prometheus.json`, JSON.stringify({ query: GRAPHED, values }));
  }
  const points = values.map(([, value]) => Number(value));
  assert.deepEqual(
    points,
    points.toSorted((one, other) => one - other),
  );
  await daemon.client.ask("DELETE", `/1.0/listeners/${LOAD_BALANCER}`);
});
