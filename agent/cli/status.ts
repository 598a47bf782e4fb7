/** `amphora status`: how this amphora is, on one screen. */
import process from "node:process";
import { parseConfig } from "../config/config-parse.ts";
import { loadConfig } from "../config/load.ts";
import { askAgent } from "../status/ask-agent.ts";
import { encodeStatus } from "../status/encode-status.ts";
import type { AgentAnswer, Facts } from "../status/facts.ts";
import { readFacts } from "../status/read-facts.ts";
import { renderStatus } from "../status/render-status.ts";
import type { Status } from "../status/types.ts";

export interface StatusSettings {
  readonly json: boolean;
  /** Every member and every problem, however many. */
  readonly all: boolean;
  readonly configFile: readonly string[];
}

const SOMETHING_IS_WRONG = 3;
const WIDTH = 80;
/** With more, what matters would leave the screen. */
const MOST = 10;

/** @returns exit code: 0 nothing is wrong that needs somebody now, 3 something is */
export async function statusCommand({ json, all, configFile }: StatusSettings): Promise<number> {
  const status = await readStatus(configFile);
  if (json) {
    process.stdout.write(`${JSON.stringify(status, null, 2)}\n`);
  } else {
    const colours = process.stdout.isTTY && !process.env.NO_COLOR;
    const most = all ? Number.POSITIVE_INFINITY : MOST;
    process.stdout.write(renderStatus(status, { width: WIDTH, colours, most }));
  }
  return status.problems.some(({ severity }) => severity === "error") ? SOMETHING_IS_WRONG : 0;
}

/**
 * From outside the agent, whether it runs or not.
 * @param configFiles - without any, those that the agent was started with, or else those that it would find
 */
export async function readStatus(configFiles: readonly string[]): Promise<Status> {
  return encodeStatus(await collectFacts(configFiles));
}

/** The same, before it is judged. */
export async function collectFacts(configFiles: readonly string[]): Promise<Facts> {
  const given = (agent: AgentAnswer) =>
    configFiles.length === 0 && agent.state === "running" ? agent.report.configFiles : configFiles;
  return readFacts({
    config: async (agent) => (await loadConfig(given(agent))).config,
    defaults: parseConfig([], "").config,
    askAgent,
  });
}
