import { type Measure, repeat } from "./measure.ts";

export const startup: Measure = {
  name: "startup",
  rows: [{ id: "startup", title: "exec to first answered `GET /1.0/info`", unit: "ms", target: 0.25 }],
  definition:
    "From the moment systemd executes the unit's program (`ExecMainStartTimestampMonotonic`) until the answer has been read; the client tries again 3 ms after each refused connection.",
  run: async (rig) => {
    await rig.restartAgent(); // the first start reads the program from disk
    return { startup: await repeat(7, () => rig.restartAgent()) };
  },
};
