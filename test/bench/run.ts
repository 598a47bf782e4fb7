/** `npm run bench`: our agent and upstream's, measured in the same run. `--help` tells the options. */
import { join } from "node:path";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { BedUnavailable } from "../bed/host.ts";
import { createIdentities } from "../bed/identities.ts";
import { enterLab, type Lab } from "../bed/lab.ts";
import { boot } from "../bed/machine.ts";
import { buildTree, type TreeSpec } from "../bed/tree.ts";
import { ours, packageVersion, upstream } from "./agents.ts";
import { heartbeat } from "./measures/heartbeat.ts";
import { idle } from "./measures/idle.ts";
import { info } from "./measures/info.ts";
import { reload, start, upload } from "./measures/load-balancer.ts";
import type { Measure } from "./measures/measure.ts";
import { memory } from "./measures/memory.ts";
import { plug } from "./measures/plug.ts";
import { startup } from "./measures/startup.ts";
import { type Outcome, report, type Samples } from "./report.ts";
import { AGENT_ADDRESS, type AgentProgram, CONTROLLER_ADDRESS, Rig } from "./rig.ts";

const MEASURES: readonly Measure[] = [startup, memory, idle, info, plug, upload, start, reload, heartbeat];

const MASKED = ["haproxy", "keepalived", "octavia-agent", "octavia-agent-netns", "octavia-agent-certs-ramfs"];
const NOISE = ["cron", "anacron", "atd", "haveged", "pollinate", "networking"];
const PACKAGES = [
  "haproxy",
  "keepalived",
  "ipvsadm",
  "nftables",
  "libatomic1",
  "libstdc++6",
  "dbus",
  "rsyslog",
];
const OURS_TREE: TreeSpec = { packages: PACKAGES, masked: MASKED.map(service) };
const BOTH_TREE: TreeSpec = {
  packages: [...PACKAGES, "octavia-agent"],
  masked: [...MASKED, ...NOISE].map(service),
};

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
  .option("ours-only", { type: "boolean", default: false, describe: "the same as --agent ours" })
  .strict()
  .parseAsync();

const subject = options.oursOnly ? "ours" : options.agent;
const tree = subject === "ours" ? OURS_TREE : BOTH_TREE;
const measures = MEASURES.filter(({ name }) => options.only?.includes(name) ?? true);

try {
  const lab = await enterLab([tree]);
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
  const identities = await createIdentities(
    join(lab.scratch, `${name}-identities`),
    "3a1bf1f2-0f1c-4a86-a1a5-0c8c8a3c9a11",
  );
  const program = await (name === "ours" ? ours : upstream)(machine);
  const haproxyVersion = await packageVersion(machine, "haproxy");
  const rig = await Rig.create(machine, identities, program);
  const samples: Samples = new Map();
  for (const { name: title, run } of measures) {
    process.stderr.write(`bench: ${name}: ${title}\n`);
    try {
      for (const [id, values] of Object.entries(await run(rig))) samples.set(id, values);
    } catch (cause) {
      const journal = await machine.try("journalctl", ["--no-pager", "--lines=60"]);
      throw new Error(`${name}: ${title} failed; the machine's last words:\n${journal.stdout}`, { cause });
    }
  }
  rig.close();
  await machine.stop();
  return { program, haproxyVersion, samples };
}

function service(name: string): string {
  return `${name}.service`;
}
