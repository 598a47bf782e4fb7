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
    "`PUT /1.0/loadbalancer/<amphora>/<lb>/haproxy` minus the median time of a bare `haproxy -c` of the same file in the same machine.",
  run: async (rig) => {
    await rig.restartAgent();
    const samples: Record<string, number[]> = {};
    for (const [name, size] of Object.entries(SIZES)) {
      const config = haproxyConfig(VIP, size);
      await rig.upload(config);
      const check = median(await bareChecks(rig, 7));
      const total = await repeat(7, (index) => timed(() => rig.upload(`${config}# ${index}\n`)));
      samples[`upload ${name}`] = total.map((ms) => ms - check);
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
    "`PUT /1.0/loadbalancer/<lb>/reload` minus HAProxy's own time: the median of doing the unit's `ExecReload` by hand, that is `haproxy -c` of the same file, `SIGUSR2` to the master, and waiting until the statistics socket is answered by the new worker.",
  run: async (rig) => {
    await rig.restartAgent();
    await rig.ensureVip();
    await rig.upload(haproxyConfig(VIP, SIZES["50/2000"]));
    await rig.act("start");
    // systemd counts a unit's restarts, never its reloads: these may follow each other closely.
    const own = median(await repeat(7, () => reloadByHand(rig)));
    const total = await repeat(7, async () => {
      const before = await workerPid(rig.machine);
      const elapsed = await timed(() => rig.act("reload"));
      await newWorker(rig.machine, before);
      await sleep(200);
      return elapsed;
    });
    await rig.act("stop");
    await rig.deleteLoadBalancer();
    return { reload: total.map((ms) => ms - own), "reload total": total };
  },
};

async function reloadByHand(rig: Rig): Promise<number> {
  const master = await rig.machine.exec("cat", [`/var/lib/octavia/${LOAD_BALANCER}/${LOAD_BALANCER}.pid`]);
  const before = await workerPid(rig.machine);
  const [check] = await bareChecks(rig, 1);
  const swap = await timed(async () => {
    await rig.machine.exec("kill", ["-USR2", master.trim()]);
    await newWorker(rig.machine, before);
  });
  await sleep(200);
  return (check ?? 0) + swap;
}

/** Timed inside the machine, so that getting into it costs nothing. @returns milliseconds each */
async function bareChecks(rig: Rig, times: number): Promise<number[]> {
  const input = await readFile(join(import.meta.dirname, "../timed-runs.sh"), "utf8");
  const printed = await rig.machine.exec("bash", ["-s", String(times), "haproxy", ...CHECK], { input });
  return printed
    .trim()
    .split("\n")
    .map((microseconds) => Number(microseconds) / 1_000);
}
