/** `amphora heartbeat --print`: the next message as controllers decode it. */
import process from "node:process";
import { loadConfig } from "../config/load.ts";
import { stringifyExact } from "../heartbeat/exact-json.ts";
import { sendSignal } from "../heartbeat/guard.ts";
import { withLvs } from "../heartbeat/lvs-source.ts";
import { previewHeartbeat } from "../heartbeat/preview.ts";
import { createStatsReader } from "../loadbalancer/read-stats.ts";
import { askAgent } from "../status/ask-agent.ts";
import { systemClock } from "../system/clock.ts";
import { namesIn } from "../system/files.ts";
import { run } from "../system/run.ts";

const WAIT_MS = 5_000;
const NOT_SENT = 1;

/**
 * @returns exit code: 0, or 1 when such a heartbeat would not be sent
 * @throws AgentError when no message can be built
 */
export async function printHeartbeat(configFiles: readonly string[]): Promise<number> {
  const [{ config }, agent] = await Promise.all([loadConfig(configFiles), askAgent()]);
  const { message, sizeBytes, remarks, destinations } = await previewHeartbeat({
    config,
    stats: withLvs(
      createStatsReader(() => config.basePath),
      () => lvsStatistics(config.basePath),
    ),
    names: await namesIn(config.basePath),
    signal: sendSignal,
    clock: systemClock,
    waitMs: WAIT_MS,
    // Who starts, starts with 0.
    sequence: agent.state === "running" ? agent.report.heartbeats.sequence : 0,
  });
  process.stdout.write(`${stringifyExact(message, 2)}\n`);
  const where = destinations.length > 0 ? `, to each in turn: ${destinations.join(", ")}` : "";
  console.error(`${sizeBytes} bytes in a datagram, every ${config.heartbeatIntervalSeconds} s${where}`);
  if (agent.state !== "running") console.error("the agent does not say which number comes next: seq is 0");
  for (const { text } of remarks) console.error(`amphora heartbeat: ${text}`);
  return remarks.some(({ isFatal }) => isFatal) ? NOT_SENT : 0;
}

async function lvsStatistics(basePath: string) {
  const [{ LvsStatistics }, { createKernelReader }, { lvsDirectory }] = await Promise.all([
    import("../lvs/read-statistics.ts"),
    import("../lvs/read-kernel.ts"),
    import("../lvs/layout.ts"),
  ]);
  const names = () => namesIn(lvsDirectory(basePath));
  return new LvsStatistics({ basePath, names, readKernel: createKernelReader(run) });
}
