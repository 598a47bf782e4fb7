import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Rig } from "../rig.ts";
import { type Measure, repeat } from "./measure.ts";

export const memory: Measure = {
  name: "memory",
  rows: [{ id: "memory", title: "memory when idle, after warm-up", unit: "MB", target: 0.5 }],
  definition:
    "PSS (`/proc/<pid>/smaps_rollup`) of all processes of the agent's unit, 3 s after 90 requests (`info`, `details`, `listeners`); upstream's with its metrics proxy, a unit of its own that each amphora runs.",
  run: async (rig) => ({ memory: await repeat(3, () => afterWarmUp(rig)) }),
};

async function afterWarmUp(rig: Rig): Promise<number> {
  await rig.restartAgent();
  for (let round = 0; round < 30; round += 1) {
    for (const path of ["/1.0/info", "/1.0/details", "/1.0/listeners"])
      await rig.client.expect(200, "GET", path);
  }
  await sleep(3_000);
  let kilobytes = 0;
  for (const pid of await rig.agentPids()) {
    const [, pss] = /^Pss:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, "utf8")) ?? [];
    kilobytes += Number(pss);
  }
  return kilobytes / 1024;
}
