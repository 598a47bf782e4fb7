/** Heartbeats from real HAProxies to a real UDP socket. */
import assert from "node:assert/strict";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { sealEnvelope } from "../../agent/heartbeat/envelope.ts";
import type { Message } from "../../agent/heartbeat/types.ts";
import { createUdpSender } from "../../agent/system/udp.ts";
import {
  aBase,
  anIdleProcess,
  HealthManager,
  SampleHaproxy,
  startHeartbeat,
  until,
} from "./heartbeat-host.ts";

function totals(messages: readonly Message[], listener: string): number {
  return messages.reduce((sum, { listeners }) => sum + Number(listeners[listener]?.stats.totconns ?? 0), 0);
}

function memberCount({ pools }: Message): number {
  return Object.values(pools).reduce((sum, { members }) => sum + Object.keys(members).length, 0);
}

test("connections are counted once each, over heartbeats and over a new agent", async () => {
  const base = await aBase();
  await using manager = await HealthManager.listen();
  await using haproxy = new SampleHaproxy(base, { members: 2 });
  await haproxy.start();
  const [listener = ""] = haproxy.listeners;
  const config = { basePath: base, controllerIpPortList: [manager.entry] };
  {
    await using _agent = startHeartbeat(config);
    await haproxy.request();
    await haproxy.request();
    await manager.next(2);
    await haproxy.request();
    await manager.next(2);
  }
  const before = manager.received.map(({ message }) => message);
  assert.equal(totals(before, listener), 3);
  assert.deepEqual(
    before.map(({ seq }) => seq),
    before.map((_, index) => index),
  );
  assert.equal((await stat(`${base}/stats_counters.json`)).mode & 0o777, 0o640);
  await haproxy.request();
  {
    await using _agent = startHeartbeat(config);
    const [first] = await manager.next(1);
    assert.equal(first?.message.seq, 0);
    assert.equal(totals([first?.message ?? assert.fail()], listener), 1);
  }
});

test("a restarted HAProxy's counters are counted from zero", async () => {
  const base = await aBase();
  await using manager = await HealthManager.listen();
  await using haproxy = new SampleHaproxy(base, {});
  await haproxy.start();
  const [listener = ""] = haproxy.listeners;
  for (let requests = 0; requests < 5; requests += 1) await haproxy.request();
  await using _agent = startHeartbeat({ basePath: base, controllerIpPortList: [manager.entry] });
  await manager.nextWith((message) => totals([message], listener) === 5);
  await haproxy.kill();
  await manager.nextWith(({ listeners }) => Object.keys(listeners).length === 0);
  await haproxy.start();
  await haproxy.request();
  await haproxy.request();
  await until(
    () =>
      totals(
        manager.received.map(({ message }) => message),
        listener,
      ) === 7,
  );
});

test("heartbeats stay on time while HAProxy hangs, and tell that it does", async () => {
  const base = await aBase();
  const intervalMs = 2_000;
  await using manager = await HealthManager.listen();
  await using healthy = new SampleHaproxy(base, { number: 1, port: 8100 });
  await using hanging = new SampleHaproxy(base, { number: 2, port: 8200 });
  await healthy.start();
  await hanging.start();
  await using agent = startHeartbeat({
    basePath: base,
    controllerIpPortList: [manager.entry],
    heartbeatIntervalSeconds: intervalMs / 1_000,
  });
  const both = (message: Message): boolean => Object.keys(message.listeners).length === 2;
  await manager.nextWith(both);
  hanging.signal("SIGSTOP");
  const whileHanging = await manager.next(4);
  for (const { message } of whileHanging) assert.deepEqual(Object.keys(message.listeners), healthy.listeners);
  hanging.signal("SIGCONT");
  await manager.nextWith(both);
  const times = manager.received.map(({ atMs }) => atMs);
  for (const [index, time] of times.slice(1).entries()) {
    const gap = time - (times[index] ?? 0);
    assert.ok(Math.abs(gap - intervalMs) <= intervalMs / 10, `a gap of ${gap} ms`);
  }
  const failures = agent.log.filter((line) => line.includes("heartbeat.statistics.failed"));
  assert.ok(failures.length <= 2, `${failures.length} lines about one failure`);
  assert.ok(agent.log.some((line) => line.includes("heartbeat.statistics.recovered")));
});

test("2,300 members fit one datagram", async () => {
  const base = await aBase();
  await using manager = await HealthManager.listen();
  await using haproxy = new SampleHaproxy(base, { listeners: 46, members: 50 });
  await haproxy.start();
  await using agent = startHeartbeat({ basePath: base, controllerIpPortList: [manager.entry] });
  const message = await manager.nextWith(({ listeners }) => Object.keys(listeners).length === 46);
  assert.equal(memberCount(message), 2_300);
  assert.ok(!agent.log.some((line) => line.includes("heartbeat.size")));
});

test("with 5,000 members as many are sent as fit, and every listener and pool", async () => {
  const base = await aBase();
  await using manager = await HealthManager.listen();
  await using haproxy = new SampleHaproxy(base, { listeners: 200, members: 25 });
  await haproxy.start();
  await using agent = startHeartbeat({ basePath: base, controllerIpPortList: [manager.entry] });
  const message = await manager.nextWith(({ listeners }) => Object.keys(listeners).length === 200);
  const bytes = manager.received.at(-1)?.bytes ?? 0;
  assert.equal(Object.keys(message.pools).length, 200);
  assert.ok(bytes <= 65_507 && bytes > 65_507 - 1_200, `${bytes} bytes`);
  assert.equal(agent.log.filter((line) => line.includes("heartbeat.size.exceeded")).length, 1);
});

test("new key, destinations and interval take effect with the next heartbeat", async () => {
  const base = await aBase();
  await using first = await HealthManager.listen("127.0.0.1", "old");
  await using second = await HealthManager.listen("::1", "None");
  await using agent = startHeartbeat({
    basePath: base,
    controllerIpPortList: [first.entry],
    heartbeatIntervalSeconds: 60,
    heartbeatKey: "old",
  });
  await until(() => first.received.length === 1);
  agent.config = {
    ...agent.config,
    controllerIpPortList: [second.entry],
    heartbeatIntervalSeconds: 0.2,
    heartbeatKey: undefined,
  };
  agent.heartbeat.reconfigured();
  await second.next(3);
  assert.equal(first.received.length, 1);
});

test("destinations take turns, one that cannot be reached or resolved does no harm", async () => {
  const base = await aBase();
  await using manager = await HealthManager.listen();
  const list = ["no-such-host.invalid:5555", "192.0.2.1:5555", "typo", manager.entry];
  await using agent = startHeartbeat({
    basePath: base,
    controllerIpPortList: list,
    heartbeatIntervalSeconds: 0.2,
  });
  await manager.next(3);
  const { failed, sent, lastSentAt } = agent.heartbeat.status();
  assert.ok(failed >= 2 && sent >= 3, `${sent} sent, ${failed} failed`);
  assert.deepEqual(Object.keys(lastSentAt), [manager.entry.replace(/[[\]]/g, "")]);
  for (const event of ["lookup.failed", "send.failed", "destination.rejected"]) {
    const lines = agent.log.filter((line) => line.includes(`heartbeat.${event}`));
    assert.equal(lines.length, 1, `${lines.length} lines of ${event}`);
  }
});

test("an amphora whose keepalived has gone is silent until it runs again", async () => {
  const base = await aBase();
  await using manager = await HealthManager.listen();
  await mkdir(`${base}/vrrp`);
  await writeFile(`${base}/vrrp/octavia-keepalived.conf`, "");
  const keepalived = await anIdleProcess();
  await writeFile(`${base}/vrrp/octavia-keepalived.pid`, `${keepalived.pid}\n`);
  await using agent = startHeartbeat({ basePath: base, controllerIpPortList: [manager.entry] });
  await manager.next(1);
  await keepalived.end();
  await until(() => agent.log.some((line) => line.includes("heartbeat.guard.stopped")));
  const { sequence } = agent.heartbeat.status();
  await rm(`${base}/vrrp/octavia-keepalived.conf`);
  const message = await manager.nextWith(() => true);
  assert.equal(message.seq, sequence);
});

test("counters that cannot be stored are a log line, and heartbeats go on", async () => {
  const base = await aBase();
  await using manager = await HealthManager.listen();
  await using haproxy = new SampleHaproxy(base, {});
  await haproxy.start();
  await mkdir(`${base}/stats_counters.json`);
  await using agent = startHeartbeat({ basePath: base, controllerIpPortList: [manager.entry] });
  await manager.next(3);
  assert.equal(agent.log.filter((line) => line.includes("heartbeat.counters.failed")).length, 2);
  await rm(`${base}/stats_counters.json`, { recursive: true });
  await until(async () => (await readFile(`${base}/stats_counters.json`, "utf8").catch(() => "")) !== "");
  assert.ok(agent.log.some((line) => line.includes("heartbeat.counters.recovered")));
});

test("a stopped heartbeat sends no more", async () => {
  const base = await aBase();
  await using manager = await HealthManager.listen();
  const agent = startHeartbeat({
    basePath: base,
    controllerIpPortList: [manager.entry],
    heartbeatIntervalSeconds: 0.1,
  });
  await manager.next(1);
  await agent.heartbeat.stop();
  const { sequence, running } = agent.heartbeat.status();
  agent.heartbeat.reconfigured();
  await using _other = startHeartbeat({ basePath: base, controllerIpPortList: [manager.entry] });
  await manager.next(2);
  assert.deepEqual([agent.heartbeat.status().sequence, running], [sequence, false]);
});

test("a datagram that is too large is an error, and the next one goes out", async () => {
  await using manager = await HealthManager.listen();
  const sender = createUdpSender();
  const port = Number(manager.entry.split(":").at(-1));
  await assert.rejects(sender.send(Buffer.alloc(65_508), "127.0.0.1", port), { code: "EMSGSIZE" });
  const next = manager.next(1);
  await sender.send(await sealEnvelope(["{}"], "insecure"), "127.0.0.1", port);
  await next;
  await sender.close();
});
