/** `npm run test:conformance`: Octavia's own controller drives an agent. `--help` tells the options. */
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { asError } from "../../agent/errors.ts";
import { type AgentProgram, BOTH_TREE, ours, upstream, upstreamRelease } from "../bed/agents.ts";
import { buildProgram } from "../bed/amphora.ts";
import { BedUnavailable } from "../bed/host.ts";
import { enterLab, type Lab } from "../bed/lab.ts";
import { buildTree } from "../bed/tree.ts";
import { playStory } from "./controller.ts";
import { Hypervisor } from "./hypervisor.ts";
import { prepareRelease, type Release, releaseOf, ZED } from "./releases.ts";
import { Verdicts } from "./verdicts.ts";

/** The newest release that the index had when this was written. */
const NEWEST = "19.0.0";
const STORIES = ["single", "pair", "sriov", "legacy"] as const;
/** The pair takes minutes, most of all upstream's, and differs little between releases. */
const ZED_STORIES: readonly (typeof STORIES)[number][] = ["single", "legacy"];
const STORY_MS = 300_000;
/** The tenant's routers, clients and servers, all of them the lab itself. */
const VIP_ADDRESSES = [
  ...[1, 21, 22].map((host) => `203.0.113.${host}/24`),
  "198.18.5.1/24",
  "2001:db8:113::1/64",
];
const MEMBER_ADDRESSES = [1, 21, 22, 23, 24].map((host) => `198.51.100.${host}/24`);

const options = await yargs(hideBin(process.argv))
  .usage("npm run test:conformance -- [options]")
  .option("agent", {
    choices: ["ours", "upstream", "both"] as const,
    default: "both" as const,
    describe: "whom to drive; upstream's is of the controller's release",
  })
  .option("octavia", {
    type: "string",
    array: true,
    default: [ZED, NEWEST],
    describe: `releases of the controller; ${ZED} is Debian's, others come from the Python package index`,
  })
  .option("story", {
    type: "string",
    array: true,
    choices: STORIES,
    describe: `some only; unless given, ${ZED} plays ${ZED_STORIES.join(" and ")}, other releases all`,
  })
  .strict()
  .parseAsync();

try {
  const lab = await enterLab([BOTH_TREE], prepare);
  await lab.bridge("mgmt", ["192.0.2.1/24"]);
  await lab.bridge("vip", VIP_ADDRESSES);
  await lab.bridge("member", MEMBER_ADDRESSES);
  const verdicts = new Verdicts();
  const agents = options.agent === "both" ? (["ours", "upstream"] as const) : [options.agent];
  for (const version of new Set(options.octavia)) {
    const release = releaseOf(version);
    const stories = options.story ?? (version === ZED ? ZED_STORIES : STORIES);
    for (const agent of agents) {
      for (const story of new Set(stories)) await play(lab, verdicts, { release, agent, story });
    }
  }
  process.exit(verdicts.close() ? 0 : 1);
} catch (error) {
  if (!(error instanceof BedUnavailable)) throw error;
  console.log(`conformance: SKIPPED: ${error.message}\n\n0 passed, 0 failed, 1 skipped`);
  process.exit(process.env.CI === "true" ? 1 : 0);
}

async function prepare(): Promise<void> {
  await buildProgram();
  for (const version of options.octavia) await prepareRelease(version);
}

async function play(
  lab: Lab,
  verdicts: Verdicts,
  {
    release,
    agent,
    story,
  }: { release: Release; agent: AgentProgram["name"]; story: (typeof STORIES)[number] },
): Promise<void> {
  const { version } = release;
  const tree = await buildTree(BOTH_TREE);
  const layers = agent === "ours" ? [] : release.layers;
  // Short, since interfaces are named after it.
  const name = `${agent.slice(0, 1)}${version.replaceAll(".", "")}${"abcdefgh"[STORIES.indexOf(story)]}`;
  const subject = `${agent}, Octavia ${version}, ${story}`;
  const hypervisor = new Hypervisor(lab, { tree, layers, agent: agentOf(agent, release) }, name);
  const start = performance.now();
  let failed = 0;
  let words = "";
  try {
    words = await playStory(
      lab,
      { name: `${name}-controller`, agent, story, tree, release, hypervisor, timeoutMs: STORY_MS },
      (step) => {
        if (step.verdict === "failed") failed += 1;
        verdicts.tell(subject, step);
      },
    );
  } catch (error) {
    failed += 1;
    const seconds = (performance.now() - start) / 1_000;
    verdicts.tell(subject, { step: "the story", verdict: "failed", seconds, detail: asError(error).message });
  }
  if (failed > 0) process.stderr.write(`${words}\n${await hypervisor.journal()}\n`);
  await hypervisor.close();
}

function agentOf(name: AgentProgram["name"], release: Release): AgentProgram {
  if (name === "ours") return ours;
  if (release.version !== ZED) return upstreamRelease(release.version, release.python);
  return {
    ...ours,
    name,
    version: ZED,
    install: async (machine) => (await upstream(machine)).install(machine),
  };
}
