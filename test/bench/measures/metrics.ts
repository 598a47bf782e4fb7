import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { haproxyConfig } from "../haproxy-config.ts";
import { type Rig, VIP } from "../rig.ts";
import { type Measure, repeat } from "./measure.ts";

/** Members of a pool; more servers are more pools. */
const POOL = 50;
const SERVERS = [10, 1_000, 5_000];
const SCRAPES = 5;
/** A Prometheus scrapes for years: what the first times cost does not matter. */
const WARM_UP = 30;
const SAMPLE_MS = 10;
/** An agent that has taken a large configuration gives memory back once it is quiet, at most once a minute. */
const SETTLE_MS = 65_000;
const LIMIT_SECONDS = 30;

const EXPORTER = "http://127.0.0.1:9101/metrics";
const PROXY = "http://127.0.0.1:9102/metrics";

export const metrics: Measure = {
  name: "metrics",
  rows: [
    ...SERVERS.flatMap((servers) => [
      { id: `scrape ${servers}`, title: `scrape of ${servers} servers`, unit: "ms", target: 0.1 },
      { id: `share ${servers}`, title: "the same, in scrapes of HAProxy's own exporter", unit: "" },
    ]),
    {
      id: "scrape memory",
      title: "memory that scrapes of 5,000 servers add, at the highest",
      unit: "MB",
      target: 0.2,
    },
  ],
  definition: `\`GET /metrics\` on port 9102 in the namespace, as HAProxy's PROMETHEUS listener asks it, whole answer; median of ${SCRAPES}, each beside one of HAProxy's exporter itself, after ${WARM_UP} of 10 servers that do not count. Memory is resident (\`/proc/<pid>/statm\`, every ${SAMPLE_MS} ms) of the agent and upstream's metrics proxy at the highest, above that with the same load balancer but no such listener; ${SETTLE_MS / 1_000} s after each upload.`,
  run: async (rig) => {
    await rig.restartAgent();
    await rig.ensureVip();
    const samples: Record<string, readonly number[]> = { "scrape memory": [await addedMemory(rig)] };
    for (const servers of SERVERS) {
      await deploy(rig, servers);
      if (servers === SERVERS[0]) await repeat(WARM_UP, () => scrape(rig, PROXY));
      const rounds = await repeat(SCRAPES, async () => [
        await scrape(rig, EXPORTER),
        await scrape(rig, PROXY),
      ]);
      samples[`scrape ${servers}`] = rounds.map(([, proxied = 0]) => proxied);
      samples[`share ${servers}`] = rounds.map(([raw = 0, proxied = 0]) => proxied / raw);
    }
    await rig.act("stop");
    await rig.deleteLoadBalancer();
    return samples;
  },
};

/** @returns megabytes */
async function addedMemory(rig: Rig): Promise<number> {
  const pids = await rig.agentPids();
  const servers = Math.max(...SERVERS);
  await upload(rig, servers, false);
  await sleep(SETTLE_MS);
  const before = await residentMb(pids);
  await deploy(rig, servers);
  await sleep(SETTLE_MS);
  const peak = await highest(pids, () => repeat(SCRAPES, () => scrape(rig, PROXY)));
  // HAProxy cannot be reloaded with a configuration that needs far fewer sockets than it has.
  await rig.act("stop");
  await rig.deleteLoadBalancer();
  return peak - before;
}

async function upload(rig: Rig, servers: number, exporter: boolean): Promise<void> {
  const members = Math.min(servers, POOL);
  await rig.upload(haproxyConfig(VIP, { listeners: servers / members, members, exporter }));
  await rig.act("reload");
}

async function deploy(rig: Rig, servers: number): Promise<void> {
  await upload(rig, servers, true);
  const deadline = performance.now() + LIMIT_SECONDS * 1_000;
  for (;;) {
    try {
      await scrape(rig, PROXY);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

/** @returns milliseconds. @throws when the answer is not whole */
async function scrape(rig: Rig, url: string): Promise<number> {
  const [pid] = await rig.haproxyPids();
  const options = ["-sSf", "-o", "/dev/null", "-w", "%{time_total}", "--max-time", String(LIMIT_SECONDS)];
  const args = ["-t", String(pid), "-n", "curl", ...options, url];
  const { stdout } = await promisify(execFile)("nsenter", args);
  return Number(stdout) * 1_000;
}

async function highest(pids: readonly number[], work: () => Promise<unknown>): Promise<number> {
  let working = true;
  let peak = 0;
  const sampling = (async () => {
    while (working) {
      peak = Math.max(peak, await residentMb(pids));
      await sleep(SAMPLE_MS);
    }
  })();
  try {
    await work();
  } finally {
    working = false;
    await sampling;
  }
  return peak;
}

const PAGE_BYTES = 4_096;

async function residentMb(pids: readonly number[]): Promise<number> {
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/statm`, "latin1")));
  const pages = texts.reduce((sum, text) => sum + Number(text.split(" ")[1]), 0);
  return (pages * PAGE_BYTES) / 1024 ** 2;
}
