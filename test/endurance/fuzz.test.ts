/** Whatever comes in over the API, in whatever order and however damaged: the agent answers by the contract and stays. */
import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Daemon, HEARTBEAT_INTERVAL_MS, startDaemon } from "../integration/daemon.ts";
import { furnish, until } from "../integration/loadbalancer-host.ts";
import { plugPort } from "../integration/network-rig.ts";
import { IS_FULL, ONLY_STORY, SEED } from "./form.ts";
import type { FuzzWorld } from "./fuzz-bodies.ts";
import { FuzzClient } from "./fuzz-client.ts";
import { judge } from "./fuzz-oracle.ts";
import { type FuzzRequest, http, SHARED_IDS, story } from "./fuzz-requests.ts";
import { changesBetween, listHostFiles, SCRATCH, sealHost } from "./host-files.ts";
import { memoryOf, openFilesOf } from "./process-figures.ts";

const REQUESTS = IS_FULL ? 200_000 : 10_000;
const TIME_LIMIT_MS = IS_FULL ? 3_000_000 : 60_000;
/** Before the first figures: code compiled, parts loaded that are loaded when they are needed. */
const WARM_UP = IS_FULL ? 20_000 : 2_000;
const LANES = 24;
/** The agent collects its garbage once a minute. */
const SETTLE_MS = 75_000;
const MEMORY_MARGIN_BYTES = 12 * 1024 * 1024;
const COLD_MARGIN_BYTES = 48 * 1024 * 1024;
const VRRP_CONFIG = "/var/lib/octavia/vrrp/octavia-keepalived.conf";
/** What the agent owns, on a host whose HAProxys it keeps running itself. */
const OWN = [
  /^\/etc\/octavia\/(amphora-agent\.conf|certs\/server\.pem|interfaces(\/(lo|eth\d+)\.json)?)$/,
  /^\/var\/lib\/octavia\/(plugged_interfaces|stats_counters\.json|nftables-vip\.rules)$/,
  /^\/var\/lib\/octavia\/certs(\/[A-Za-z0-9_-]+(\/[\w.-]+\.pem)?)?$/,
  /^\/var\/lib\/octavia\/(lvs|vrrp)(\/[\w./-]+)?$/,
  /^\/var\/lib\/octavia\/[A-Za-z0-9][\w-]{0,63}(\.sock|\/[\w.-]+)?$/,
];
/** What may be behind the framework's 500: an upload that is not UTF-8 (R5), and rules that nft refuses (R21). */
const ALLOWED_FAILURES = [
  /^TypeError The encoded data was not valid for encoding utf-8 at /,
  /^AgentError nft refused the firewall at …\/rules$/,
];
/** Of the test. */
const OURS = new RegExp(`^(${SCRATCH}|/run/netns)(/|$)`);

/** Times in which the agent has to be silent, or may have another configuration. */
type Window = readonly [from: number, to: number];

class Fuzzer {
  readonly tally = new Map<string, number>();
  readonly windows: Window[] = [];
  requests = 0;
  #next = 0;
  #isOver = false;
  readonly #daemon: Daemon;
  readonly #client: FuzzClient;
  readonly #world: FuzzWorld;

  constructor(daemon: Daemon, world: FuzzWorld) {
    this.#daemon = daemon;
    this.#client = new FuzzClient(daemon.controller);
    this.#world = world;
  }

  /** Tells stories until there have been so many requests, or time is up. */
  async run(requests: number, deadline: number): Promise<void> {
    const lane = async () => {
      while (!this.#isOver && this.requests < requests && performance.now() < deadline) {
        const number = ONLY_STORY ?? this.#next++;
        for (const request of story(SEED, number, this.#world)) await this.ask(request, number);
        if (ONLY_STORY !== undefined) return;
      }
    };
    await Promise.all(Array.from({ length: ONLY_STORY === undefined ? LANES : 1 }, lane));
  }

  async ask(request: FuzzRequest, number: number): Promise<void> {
    this.requests += 1;
    const from = performance.now();
    try {
      const answer = await this.#client.send(request);
      const status = judge(request, answer);
      const key = `${request.manner} ${status}`;
      this.tally.set(key, (this.tally.get(key) ?? 0) + 1);
      await this.#undo(request, status, from);
    } catch (cause) {
      this.#isOver = true;
      const start = JSON.stringify(request.bytes.toString("latin1", 0, 600));
      throw new Error(`--seed ${SEED} --story ${number}: ${String(cause)}\n${request.manner} ${start}`, {
        cause,
      });
    }
  }

  /** Takes back what makes the agent silent, rightly: keepalived configured but not running, no controllers. */
  async #undo(request: FuzzRequest, status: number, from: number): Promise<void> {
    if (request.manner === "plain") return;
    const text = request.bytes.toString("latin1", 0, 5_000).toLowerCase();
    if (text.includes("vrrp/")) {
      await rm(VRRP_CONFIG, { force: true });
      this.windows.push([from, performance.now()]);
    }
    if (!text.includes("config") || (request.manner === "http" && status !== 202)) return;
    if (text.includes("/haproxy")) return;
    const { status: restored } = await this.#daemon.client.ask("PUT", "/1.0/config", {
      body: this.#world.agentConfig,
    });
    assert.equal(restored, 202);
    this.windows.push([from, performance.now()]);
  }
}

/** Lowest memory within the time that the agent may take to tidy up, or the first below `enough`. */
async function settledMemory({ pid }: Daemon, enough = 0): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  const end = performance.now() + SETTLE_MS;
  while (performance.now() < end && lowest > enough) {
    await delay(500);
    lowest = Math.min(lowest, await memoryOf(pid));
  }
  return lowest;
}

/** Gaps between heartbeats in which one is missing although nothing asked for silence; a busy machine may delay one. */
function unexcusedGaps(beats: readonly number[], windows: readonly Window[]): number[] {
  const gaps: number[] = [];
  for (const [index, beat] of beats.entries()) {
    const next = beats[index + 1];
    if (next === undefined || next - beat < 2 * HEARTBEAT_INTERVAL_MS) continue;
    const due = beat + HEARTBEAT_INTERVAL_MS;
    const excuse = windows.some(([from, to]) => from < due + 300 && to > due - 300);
    if (!excuse || next - beat > 3.5 * HEARTBEAT_INTERVAL_MS) gaps.push(Math.round(next - beat));
  }
  return gaps;
}

test(`${REQUESTS} requests of every kind`, async (t) => {
  const unsealed = await sealHost();
  await using _furniture = await furnish();
  const ports = [await plugPort(1), await plugPort(2), await plugPort(3)];
  await using daemon = await startDaemon("ec");
  const { pid } = daemon;
  const agentConfig = await readFile(daemon.configFile, "utf8");
  const servers = await Promise.all(["a", "b", "c"].map((name) => daemon.serverAuthority.issue(name)));
  const world = { macs: ports.map(({ mac }) => mac), serverPems: servers.map(({ pem }) => pem), agentConfig };
  const fuzzer = new Fuzzer(daemon, world);
  const before = await listHostFiles();
  for (const place of ["/", "/etc/", "/usr/", "/var/lib/"]) {
    await assert.rejects(writeFile(`${place}left-behind`, ""), { code: "EROFS" });
  }
  if (unsealed.length > 0) t.diagnostic(`could be written to unseen: ${unsealed.join(", ")}`);
  const filesBefore = await openFilesOf(pid);
  const cold = await memoryOf(pid);
  const start = performance.now();
  const deadline = start + TIME_LIMIT_MS;

  await fuzzer.run(WARM_UP, deadline);
  const warm = IS_FULL ? await settledMemory(daemon) : await memoryOf(pid);
  const peaks: number[] = [];
  for (let part = 1; part <= 4; part += 1) {
    await fuzzer.run(WARM_UP + ((REQUESTS - WARM_UP) * part) / 4, deadline);
    peaks.push(await memoryOf(pid));
  }
  const seconds = (performance.now() - start) / 1_000;
  for (const id of SHARED_IDS) {
    await fuzzer.ask(
      { ...http("DELETE", `/1.0/listeners/${id}`, Buffer.alloc(0)), expected: { status: 200 } },
      -1,
    );
    await fuzzer.ask(
      { ...http("DELETE", `/1.0/listeners/${id}`, Buffer.alloc(0)), expected: { status: 200 } },
      -1,
    );
  }
  const end = performance.now();

  const limit = IS_FULL ? Math.max(warm, cold) + MEMORY_MARGIN_BYTES : cold + COLD_MARGIN_BYTES;
  const settled = await settledMemory(daemon, limit);
  const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  t.diagnostic(`--seed ${SEED}: ${fuzzer.requests} requests in ${seconds.toFixed(0)} s`);
  t.diagnostic(
    `answers: ${[...fuzzer.tally]
      .sort()
      .map(([key, count]) => `${key}: ${count}`)
      .join(", ")}`,
  );
  t.diagnostic(
    `memory: cold ${mb(cold)}, warm ${mb(warm)}, under load ${peaks.map(mb).join(", ")}, after ${mb(settled)}`,
  );

  await t.test("ends no agent", async () => {
    assert.equal(daemon.pid, pid);
    assert.equal((await daemon.client.ask("GET", "/1.0/details")).status, 200);
  });
  await t.test("is done in the time that it has", () => {
    assert.ok(
      ONLY_STORY !== undefined || fuzzer.requests >= REQUESTS || !IS_FULL,
      `${fuzzer.requests} requests`,
    );
  });
  await t.test("leaves memory as it was", () => {
    assert.ok(settled <= limit, `${mb(settled)}, not at most ${mb(limit)}`);
  });
  await t.test("leaves no file or socket open", async () => {
    await until(async () => (await openFilesOf(pid)) <= filesBefore + 2, 20_000);
  });
  await t.test("misses no heartbeat", () => {
    const beats = daemon.heartbeats.filter((beat) => beat >= start && beat <= end);
    t.diagnostic(`${beats.length} heartbeats in ${seconds.toFixed(0)} s, ${fuzzer.windows.length} excuses`);
    assert.deepEqual(unexcusedGaps(beats, fuzzer.windows), []);
    assert.ok(beats.length > 0.9 * seconds - 2, `${beats.length} heartbeats in ${seconds} s`);
  });
  await t.test("writes nowhere but where the agent's files are", async () => {
    const changed = async () =>
      changesBetween(before, await listHostFiles()).filter((path) => !OURS.test(path));
    assert.ok((await changed()).length > 0, "something changed");
    // What a client asked for before it went away may still be under way, in a file beside the one to be replaced.
    const isForeign = (path: string) => path.endsWith(".tmp") || !OWN.some((own) => own.test(path));
    const deadline = performance.now() + 20_000;
    let foreign: string[];
    do foreign = (await changed()).filter(isForeign);
    while (foreign.length > 0 && performance.now() < deadline);
    assert.deepEqual(foreign, []);
  });
  await t.test("logs no accident", () => {
    const reasons = new Map<string, number>();
    for (const { event, path, err } of daemon.lines()) {
      if (event !== "api.request.failed") continue;
      const { type, message } = err as { type?: string; message?: string };
      if (type === "AgentError" && !/\/rules$/.test(String(path))) continue;
      const key = `${type} ${message} at …/${String(path).split("/").at(-1)?.slice(0, 40)}`;
      reasons.set(key, (reasons.get(key) ?? 0) + 1);
    }
    t.diagnostic(`the framework's 500: ${[...reasons].map(([key, count]) => `${key}: ${count}`).join("; ")}`);
    assert.deepEqual(
      [...reasons.keys()].filter((reason) => !ALLOWED_FAILURES.some((allowed) => allowed.test(reason))),
      [],
    );
    assert.ok(!daemon.lines().some(({ level, event }) => level === "fatal" || event === "agent.run.failed"));
  });
});
