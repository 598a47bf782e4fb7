/** The status of the amphora that this agent runs on, as `amphora status` tells it from outside. */
import type { Config } from "../config/types.ts";
import { encodeStatus } from "./encode-status.ts";
import type { AgentReport } from "./facts.ts";
import { readFacts } from "./read-facts.ts";
import type { Status } from "./types.ts";

/** @param report - what the agent says of itself */
export async function readOwnStatus(config: Config, report: () => Promise<AgentReport>): Promise<Status> {
  return encodeStatus(
    await readFacts({
      config: () => Promise.resolve(config),
      defaults: config,
      askAgent: async () => ({ state: "running", report: await report() }),
    }),
  );
}
