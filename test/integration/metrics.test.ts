/** PROMETHEUS listeners: a real HAProxy, the real daemon, and clients inside the namespace. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { type Daemon, HEARTBEAT_INTERVAL_MS, startDaemon } from "./daemon.ts";
import { until } from "./heartbeat-host.ts";
import { deploy, fetchInside, LISTENER_PORT, LOAD_BALANCER, PROMETHEUS_LISTENER } from "./metrics-host.ts";

const LISTENER = `http://127.0.0.1:${LISTENER_PORT}/metrics`;
const ENDPOINT = "http://127.0.0.1:9102/metrics";

async function serving(): Promise<void> {
  await until(async () => (await fetchInside(LISTENER)).status === 200, 20_000);
}

test("a PROMETHEUS listener answers with Octavia's metrics, from its configuration to its deletion", async () => {
  await using daemon = await startDaemon();
  await deploy(daemon, { prometheus: false, servers: 2 });
  assert.equal((await fetchInside(ENDPOINT)).status, 0);

  await deploy(daemon, { prometheus: true, servers: 2 });
  await serving();
  const { head, body } = await fetchInside(LISTENER);
  assert.match(head, /content-type: text\/plain; version=0\.0\.4/);
  assert.match(head, /cache-control: no-cache/);
  assert.match(body, /^# HELP octavia_loadbalancer_cpu /);
  assert.match(body, /^octavia_member_status\{pool="2{8}-\S+:1{8}-\S+",member="3{8}-\S+",state="UP"\} 1$/m);
  assert.match(
    body,
    new RegExp(`^octavia_listener_status\\{listener="${PROMETHEUS_LISTENER}",state="UP"\\} 1$`, "m"),
  );
  const [wire = "", own = ""] = body.split(/^(?=# HELP amphora_agent_info )/m);
  assert.doesNotMatch(wire, /haproxy_|prometheus-exporter/);
  assert.doesNotMatch(own, /octavia_/);
  assert.match(
    own,
    new RegExp(
      `^amphora_agent_haproxy_workers\\{load_balancer="${LOAD_BALANCER}",state="current"\\} 1$`,
      "m",
    ),
  );
  assert.equal((await fetchInside(ENDPOINT, "-X", "POST")).status, 501);
  // Nobody but the namespace sees it.
  assert.notEqual(spawnSync("curl", ["-s", "--max-time", "2", ENDPOINT]).status, 0);

  const deletion = await daemon.client.ask("DELETE", `/1.0/listeners/${LOAD_BALANCER}`);
  assert.equal(deletion.status, 200);
  await until(async () => (await fetchInside(ENDPOINT)).status === 0);
});

test("the agent's own metrics follow what it does, and are the same over the wire", async () => {
  await using daemon = await startDaemon();
  await deploy(daemon, { prometheus: true, servers: 2 });
  await serving();
  const first = samples((await fetchInside(LISTENER)).body);
  assert.ok((first.get('amphora_agent_api_requests_total{code="202"}') ?? 0) >= 2);
  await deploy(daemon, { prometheus: true, servers: 3 });
  await daemon.client.ask("GET", "/1.0/nothing");
  await serving();
  await until(() => daemon.heartbeats.length > 2);
  const { status, headers, body } = await daemon.client.ask("GET", "/agent/v1/metrics");
  assert.deepEqual([status, headers["content-type"]], [200, "text/plain; version=0.0.4"]);
  const second = samples(body);
  const names = (all: ReadonlyMap<string, number>) =>
    [...all.keys()].filter((name) => name.startsWith("amphora_agent_")).sort();
  // The listener's figures may be a second old.
  await until(async () =>
    isDeepStrictEqual(names(samples((await fetchInside(LISTENER)).body)), names(second)),
  );
  const grown = (name: string) => (second.get(name) ?? 0) - (first.get(name) ?? 0);
  const changes = (how: string) => grown(`amphora_agent_haproxy_changes_total{how="${how}"}`);
  assert.equal(changes("runtime") + changes("reload"), 1);
  assert.equal(grown('amphora_agent_api_requests_total{code="404"}'), 1);
  assert.ok((second.get("amphora_agent_heartbeats_sent_total") ?? 0) >= 2);
  const unreadable = [...second].filter(
    ([name, value]) => name.startsWith("amphora_agent_readable") && value !== 1,
  );
  assert.deepEqual(unreadable, []);
  const memory = second.get("amphora_agent_process_resident_memory_bytes") ?? 0;
  assert.ok(Math.abs(memory - (await daemon.memory())) < 40e6, `${memory} bytes`);
  const end = second.get(
    'amphora_agent_certificate_expiry_timestamp_seconds{file="/etc/octavia/certs/server.pem"}',
  );
  assert.ok((end ?? 0) * 1_000 > Date.now());
  for (const input of [body, (await fetchInside(LISTENER)).body]) {
    const checked = spawnSync("promtool", ["check", "metrics"], { input });
    assert.deepEqual([checked.error, checked.status, String(checked.stderr)], [undefined, 0, ""]);
  }
  await daemon.client.ask("DELETE", `/1.0/listeners/${LOAD_BALANCER}`);
});

/** Values by name and labels. */
function samples(exposition: string): Map<string, number> {
  const lines = exposition.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const blank = line.lastIndexOf(" ");
      return [line.slice(0, blank), Number(line.slice(blank + 1))];
    }),
  );
}

test("without its exporter the answer is 502, and metrics come back with it, also under a new agent", async () => {
  {
    await using daemon = await startDaemon();
    await deploy(daemon, { prometheus: true, servers: 2 });
    await serving();
    const stop = await daemon.client.ask("PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/stop`);
    assert.equal(stop.status, 202);
    const { status, body, head } = await fetchInside(ENDPOINT);
    assert.deepEqual([status, body], [502, ""]);
    assert.match(head, /connection: close/);
    await until(() => daemon.lines().some(({ event }) => event === "metrics.scrape.failed"));
    await daemon.client.ask("PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/start`);
    await serving();
  }
  await using daemon = await startDaemon();
  await serving();
  await daemon.client.ask("DELETE", `/1.0/listeners/${LOAD_BALANCER}`);
});

test("scrapes of 5,000 servers delay neither heartbeats nor requests, and need little memory", async (t) => {
  await using daemon = await startDaemon();
  await deploy(daemon, { prometheus: true, servers: 5_000 });
  await serving();
  const before = await daemon.memory();
  const from = daemon.heartbeats.length;
  const ending = performance.now() + 6 * HEARTBEAT_INTERVAL_MS;
  let scrapes = 0;
  let largest = 0;
  const scraping = (async () => {
    while (performance.now() < ending) {
      const { status, body } = await fetchInside(
        LISTENER,
        "-o",
        "/dev/null",
        "-w",
        "HTTP/1.1 %{http_code}\r\n\r\n%{size_download}",
      );
      assert.equal(status, 200);
      assert.ok(Number(body) > 30_000_000, `${body} bytes`);
      scrapes += 1;
    }
  })();
  const slowest = await slowestRequest(daemon, ending, async () => {
    largest = Math.max(largest, await daemon.memory());
  });
  await scraping;
  const beats = daemon.heartbeats.slice(from);
  const gaps = beats.slice(1).map((time, index) => time - (beats[index] ?? 0));
  t.diagnostic(
    `${scrapes} scrapes, slowest request ${slowest.toFixed(0)} ms, longest gap ${Math.max(...gaps).toFixed(0)} ms`,
  );
  t.diagnostic(`memory ${(before / 1e6).toFixed(0)} MB, then up to ${(largest / 1e6).toFixed(0)} MB`);
  // Wide: other tests run beside this one.
  assert.ok(Math.max(...gaps) < 2.5 * HEARTBEAT_INTERVAL_MS, `a gap of ${Math.max(...gaps)} ms`);
  assert.ok(slowest < 2_500, `a request took ${slowest} ms`);
  assert.ok(largest - before < 60e6, `${largest - before} bytes more`);
  await daemon.client.ask("DELETE", `/1.0/listeners/${LOAD_BALANCER}`);
});

async function slowestRequest(daemon: Daemon, ending: number, between: () => Promise<void>): Promise<number> {
  let slowest = 0;
  while (performance.now() < ending) {
    const start = performance.now();
    assert.equal((await daemon.client.ask("GET", "/1.0/info")).status, 200);
    slowest = Math.max(slowest, performance.now() - start);
    await between();
  }
  return slowest;
}
