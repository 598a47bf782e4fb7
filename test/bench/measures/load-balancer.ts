/** Measures of one load balancer's life: upload, start, reload. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { haproxyConfig, LOAD_BALANCER, type Size } from "../haproxy-config.ts";
import { newWorker, workerPid } from "../haproxy-process.ts";
import { type Rig, VIP } from "../rig.ts";
import { median } from "../statistics.ts";
import { type Measure, repeat, timed } from "./measure.ts";

const SIZES = {
  "1/2": { listeners: 1, members: 2 },
  "10/100": { listeners: 10, members: 10 },
  "50/2000": { listeners: 50, members: 40 },
} as const satisfies Record<string, Size>;

/** For the old worker to end, so that it takes no time from the next sample. */
const SETTLE_MS = 200;

const STORED = `/var/lib/octavia/${LOAD_BALANCER}/haproxy.cfg`;
const CHECK = ["-c", "-L", "bench", "-f", STORED, "-f", "/var/lib/octavia/haproxy-default-user-group.conf"];

export const upload: Measure = {
  name: "upload",
  rows: Object.keys(SIZES).map((size) => ({
    id: `upload ${size}`,
    title: `upload a configuration, ${size} listeners/members, without HAProxy's own check`,
    unit: "ms",
    target: 0.3,
  })),
  definition:
    "`PUT /1.0/loadbalancer/<amphora>/<lb>/haproxy` minus the time of a bare `haproxy -c` of the same file in the same machine, the median of three just before each upload.",
  run: async (rig) => {
    await rig.restartAgent();
    const samples: Record<string, number[]> = {};
    for (const [name, size] of Object.entries(SIZES)) {
      const config = haproxyConfig(VIP, size);
      await rig.upload(config);
      samples[`upload ${name}`] = await repeat(9, async (index) => {
        const check = median(await bareChecks(rig, 3));
        return (await timed(() => rig.upload(`${config}# ${index}\n`))) - check;
      });
    }
    await rig.deleteLoadBalancer();
    return samples;
  },
};

export const start: Measure = {
  name: "start",
  rows: [{ id: "start", title: "start a stopped load balancer", unit: "ms", target: 0.5 }],
  definition: "`PUT /1.0/loadbalancer/<lb>/start` after `stop`, 1 listener with 2 members, VIP plugged.",
  run: async (rig) => {
    await rig.restartAgent();
    await rig.ensureVip();
    await rig.upload(haproxyConfig(VIP, SIZES["1/2"]));
    await rig.act("start");
    const samples = await repeat(7, async () => {
      await rig.act("stop");
      await forgiveStarts(rig);
      return timed(() => rig.act("start"));
    });
    await rig.act("stop");
    await rig.deleteLoadBalancer();
    return { start: samples };
  },
};

export const reload: Measure = {
  name: "reload",
  rows: [
    {
      id: "reload",
      title: "reload 50/2000 listeners/members, without HAProxy's own time",
      unit: "ms",
      target: 0.1,
    },
    { id: "reload total", title: "the same, with it", unit: "ms" },
  ],
  definition:
    "`PUT /1.0/loadbalancer/<lb>/reload` minus HAProxy's own time, which is that of doing the unit's `ExecReload` by hand just before: `haproxy -c` of the same file, `SIGUSR2` to the master, and waiting until the statistics socket is answered by the new worker.",
  run: async (rig) => {
    await rig.restartAgent();
    await rig.ensureVip();
    await rig.upload(haproxyConfig(VIP, SIZES["50/2000"]));
    await rig.act("start");
    const samples = await repeat(9, async () => {
      const own = await reloadByHand(rig);
      return { own, total: await reloadByAgent(rig) };
    });
    await rig.act("stop");
    await rig.deleteLoadBalancer();
    return {
      reload: samples.map(({ own, total }) => total - own),
      "reload total": samples.map(({ total }) => total),
    };
  },
};

async function reloadByAgent(rig: Rig): Promise<number> {
  const before = await workerPid(rig.machine);
  const elapsed = await timed(() => rig.act("reload"));
  await newWorker(rig.machine, before);
  await sleep(SETTLE_MS);
  return elapsed;
}

async function reloadByHand(rig: Rig): Promise<number> {
  const master = await rig.machine.exec("cat", [`/var/lib/octavia/${LOAD_BALANCER}/${LOAD_BALANCER}.pid`]);
  const before = await workerPid(rig.machine);
  const [check] = await bareChecks(rig, 1);
  const swap = await timed(async () => {
    await rig.machine.exec("kill", ["-USR2", master.trim()]);
    await newWorker(rig.machine, before);
  });
  await sleep(SETTLE_MS);
  return (check ?? 0) + swap;
}

/** systemd refuses a sixth start within ten seconds, and samples come faster than that. */
async function forgiveStarts(rig: Rig): Promise<void> {
  const units = [`haproxy-${LOAD_BALANCER}.service`, "amphora-netns.service"];
  await rig.machine.exec("systemctl", ["reset-failed", ...units]);
}

/** Timed inside the machine, so that getting into it costs nothing. @returns milliseconds each */
export async function bareChecks(rig: Rig, times: number): Promise<number[]> {
  const input = await readFile(join(import.meta.dirname, "../timed-runs.sh"), "utf8");
  const printed = await rig.machine.exec("bash", ["-s", String(times), "haproxy", ...CHECK], { input });
  return printed
    .trim()
    .split("\n")
    .map((microseconds) => Number(microseconds) / 1_000);
}
