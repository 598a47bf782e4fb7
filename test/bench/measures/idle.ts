import { setTimeout as sleep } from "node:timers/promises";
import { type Measure, repeat } from "./measure.ts";

const WINDOW_S = 20;

export const idle: Measure = {
  name: "idle",
  rows: [{ id: "idle", title: "CPU per idle minute", unit: "ms", target: 1 }],
  definition: `User and system time of the unit's control group over three windows of ${WINDOW_S} s, scaled to a minute; no load balancer, heartbeat every 10 s.`,
  run: async (rig) => {
    await rig.restartAgent();
    await sleep(5_000); // the start's own work
    const sample = async () => {
      const before = await rig.agentCpuMs();
      await sleep(WINDOW_S * 1_000);
      return ((await rig.agentCpuMs()) - before) * (60 / WINDOW_S);
    };
    return { idle: await repeat(3, sample) };
  },
};
