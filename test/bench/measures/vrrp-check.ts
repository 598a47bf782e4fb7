import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { haproxyConfig, STATS_SOCKET } from "../haproxy-config.ts";
import { type Rig, VIP } from "../rig.ts";
import { type Measure, repeat } from "./measure.ts";

const SIZES = [
  { listeners: 10, members: 10 },
  { listeners: 50, members: 40 },
] as const;
const RUNS = 25;
const CHECK = ["haproxy-vrrp-check", STATS_SOCKET];

export const vrrpCheck: Measure = {
  name: "vrrp-check",
  rows: SIZES.flatMap(({ listeners, members }) => {
    const size = `${listeners}/${listeners * members} listeners/members`;
    return [
      { id: `check ${listeners}`, title: `haproxy-vrrp-check, ${size}`, unit: "ms", target: 0.5 },
      { id: `check cpu ${listeners}`, title: `CPU of haproxy-vrrp-check, ${size}`, unit: "ms", target: 0.5 },
    ];
  }),
  definition: `\`haproxy-vrrp-check\` with the statistics socket of a real HAProxy, as keepalived's check runs it every few seconds: wall time of each of ${RUNS} runs; user and system time of the program, the mean of ${RUNS} runs per sample.`,
  run: async (rig) => {
    await rig.restartAgent();
    await rig.ensureVip();
    const samples: Record<string, number[]> = {};
    for (const { listeners, members } of SIZES) {
      await rig.upload(haproxyConfig(VIP, { listeners, members }));
      await rig.act("start");
      await wallTimes(rig); // the first runs read the program from disk
      samples[`check ${listeners}`] = await wallTimes(rig);
      samples[`check cpu ${listeners}`] = await repeat(5, () => cpuTime(rig));
      await rig.act("stop");
      await rig.deleteLoadBalancer();
    }
    return samples;
  },
};

/** @returns milliseconds each */
async function wallTimes(rig: Rig): Promise<number[]> {
  const printed = await inside(rig, "timed-runs.sh");
  return printed
    .trim()
    .split("\n")
    .map((microseconds) => Number(microseconds) / 1_000);
}

/** @returns milliseconds per run, of all that the program consists of */
async function cpuTime(rig: Rig): Promise<number> {
  const [, children = ""] = (await inside(rig, "cpu-of-runs.sh")).trim().split("\n");
  const seconds = Array.from(
    children.matchAll(/(\d+)m([\d.]+)s/g),
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  if (seconds.length !== 2) throw new Error(`no times in "${children}"`);
  return (seconds.reduce((sum, time) => sum + time, 0) * 1_000) / RUNS;
}

async function inside(rig: Rig, script: string): Promise<string> {
  const input = await readFile(join(import.meta.dirname, "..", script), "utf8");
  return rig.machine.exec("bash", ["-s", String(RUNS), ...CHECK], { input });
}
