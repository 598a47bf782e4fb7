/** `npm run bench`: our agent and upstream's, measured in the same run. `--help` tells the options. */
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { asError } from "../../agent/errors.ts";
import { type AgentProgram, BOTH_TREE, ours, packageVersion, upstream } from "../bed/agents.ts";
import { AMPHORA_TREE, buildProgram, createIdentities } from "../bed/amphora.ts";
import { BedUnavailable } from "../bed/host.ts";
import { enterLab, type Lab } from "../bed/lab.ts";
import { boot } from "../bed/machine.ts";
import { buildTree } from "../bed/tree.ts";
import { change, memberChanges } from "./measures/changes.ts";
import { heartbeat } from "./measures/heartbeat.ts";
import { idle } from "./measures/idle.ts";
import { info } from "./measures/info.ts";
import { reload, start, upload } from "./measures/load-balancer.ts";
import type { Measure } from "./measures/measure.ts";
import { memory } from "./measures/memory.ts";
import { metrics } from "./measures/metrics.ts";
import { plug } from "./measures/plug.ts";
import { render } from "./measures/render.ts";
import { startup } from "./measures/startup.ts";
import { vrrpCheck } from "./measures/vrrp-check.ts";
import { type Outcome, report, type Samples } from "./report.ts";
import { AGENT_ADDRESS, CONTROLLER_ADDRESS, Rig } from "./rig.ts";

const MEASURES: readonly Measure[] = [
  startup,
  memory,
  idle,
  info,
  plug,
  upload,
  start,
  reload,
  change,
  heartbeat,
  metrics,
  vrrpCheck,
  render,
  memberChanges,
];

const AMPHORA_ID = "3a1bf1f2-0f1c-4a86-a1a5-0c8c8a3c9a11";

const options = await yargs(hideBin(process.argv))
  .usage("npm run bench -- [options]")
  .option("only", {
    type: "string",
    array: true,
    choices: MEASURES.map(({ name }) => name),
    describe: "some measures",
  })
  .option("agent", {
    choices: ["ours", "upstream", "both"] as const,
    default: "both" as const,
    describe: "whom to measure",
  })
  .option("changes", {
    type: "number",
    default: 100,
    describe: `of \`${memberChanges.name}\`, our agent's: upstream's makes at most 200`,
  })
  .option("ours-only", { type: "boolean", default: false, describe: "the same as --agent ours" })
  .strict()
  .parseAsync();

const subject = options.oursOnly ? "ours" : options.agent;
const tree = subject === "ours" ? AMPHORA_TREE : BOTH_TREE;
const measures = MEASURES.filter(({ name }) => options.only?.includes(name) ?? true);

try {
  const lab = await enterLab([tree], buildProgram);
  await lab.bridge("mgmt", [`${CONTROLLER_ADDRESS}/24`]);
  await lab.bridge("tenant", []);
  const outcomes: Outcome[] = [];
  if (subject !== "ours") outcomes.push(await measure(lab, "upstream"));
  if (subject !== "upstream") outcomes.push(await measure(lab, "ours"));
  const complete = options.only === undefined && subject === "both";
  process.exit((await report(measures, outcomes, complete)) ? 0 : 1);
} catch (error) {
  if (!(error instanceof BedUnavailable)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exit(2);
}

async function measure(lab: Lab, name: AgentProgram["name"]): Promise<Outcome> {
  const management = { bridge: "mgmt", name: `${name}0`, mac: "fa:16:3e:00:00:01" };
  const machine = await boot(lab, { name, tree: await buildTree(tree), interfaces: [management] });
  await machine.exec("ip", ["address", "add", `${AGENT_ADDRESS}/24`, "dev", management.name]);
  await machine.exec("ip", ["link", "set", management.name, "up"]);
  const identities = await createIdentities(AMPHORA_ID);
  const program = name === "ours" ? ours : await upstream(machine);
  const haproxyVersion = await packageVersion(machine, "haproxy");
  const rig = await Rig.create(machine, identities, program);
  const samples: Samples = new Map();
  for (const { name: title, run } of measures) {
    process.stderr.write(`bench: ${name}: ${title}\n`);
    try {
      for (const [id, values] of Object.entries(await run(rig, options))) samples.set(id, values);
    } catch (error) {
      // The other measures are worth having all the same; the report counts this one as missed.
      const journal = await machine.try("journalctl", ["--no-pager", "--lines=40"]);
      process.stderr.write(`bench: ${name}: ${title} failed: ${asError(error).stack}\n${journal.stdout}\n`);
    }
  }
  rig.close();
  await machine.stop();
  return { program, haproxyVersion, samples };
}
