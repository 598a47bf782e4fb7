import type { Rig } from "../rig.ts";
import { type Measure, repeat, timed } from "./measure.ts";

const THROUGHPUT_MS = 2_000;
const CONNECTIONS = 4;

export const info: Measure = {
  name: "info",
  rows: [
    { id: "latency", title: "`GET /1.0/info` on a new mutual-TLS connection", unit: "ms", target: 0.4 },
    { id: "throughput", title: `the same, ${CONNECTIONS} at a time`, unit: "requests/s" },
  ],
  definition: `Connect, full TLS 1.2 handshake with client certificate, request, whole answer; 100 in a row, then as many as fit in ${THROUGHPUT_MS / 1_000} s.`,
  run: async (rig) => {
    await rig.restartAgent();
    const get = () => rig.client.expect(200, "GET", "/1.0/info");
    await repeat(20, get);
    const latency = await repeat(100, () => timed(get));
    return { latency, throughput: await repeat(3, () => throughput(rig)) };
  },
};

async function throughput(rig: Rig): Promise<number> {
  const start = performance.now();
  let answered = 0;
  const worker = async () => {
    while (performance.now() - start < THROUGHPUT_MS) {
      await rig.client.expect(200, "GET", "/1.0/info");
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return answered / ((performance.now() - start) / 1_000);
}
