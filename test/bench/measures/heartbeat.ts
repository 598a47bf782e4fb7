import { haproxyConfig } from "../haproxy-config.ts";
import { type Rig, VIP } from "../rig.ts";
import { type Measure, repeat } from "./measure.ts";

const LISTENERS = [10, 100, 500];
const PER_SAMPLE = 4;
/** An amphora sends heartbeats for years: what the first ones cost does not matter. */
const WARM_UP = 20;

export const heartbeat: Measure = {
  name: "heartbeat",
  rows: LISTENERS.map((listeners) => ({
    id: `heartbeat ${listeners}`,
    title: `CPU per heartbeat, ${listeners} listeners with 10 members`,
    unit: "ms",
    target: 0.3,
  })),
  definition: `User and system time of the unit's control group divided by the heartbeats received meanwhile, ${PER_SAMPLE} per sample, one each second, after ${WARM_UP} that do not count; the statistics come from a real HAProxy. Ten listeners share a pool, else upstream's message would not fit a datagram at 500.`,
  run: async (rig) => {
    await rig.restartAgent({ heartbeatSeconds: 1 });
    await rig.ensureVip();
    const samples: Record<string, number[]> = {};
    for (const listeners of LISTENERS) samples[`heartbeat ${listeners}`] = await sampleSize(rig, listeners);
    return samples;
  },
};

async function sampleSize(rig: Rig, listeners: number): Promise<number[]> {
  await rig.upload(haproxyConfig(VIP, { listeners, members: 10, listenersPerPool: 10 }));
  await rig.act("start");
  await rig.heartbeats(WARM_UP);
  const samples = await repeat(5, async () => {
    const before = await rig.agentCpuMs();
    await rig.heartbeats(PER_SAMPLE);
    return ((await rig.agentCpuMs()) - before) / PER_SAMPLE;
  });
  await rig.act("stop");
  await rig.deleteLoadBalancer();
  return samples;
}
