import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { execa } from "execa";
import { renderDocument } from "../../../agent/render/documents.ts";
import { largeDocument } from "../rendering-document.ts";
import type { Rig } from "../rig.ts";
import type { Measure } from "./measure.ts";

const ROUNDS = 60;
/** Both compile templates once, and get faster while they are used. */
const COUNTED = 20;
const BENCH = join(import.meta.dirname, "..");
const PROGRAM = join(BENCH, "../../dist/amphora.js");
const SCRIPT = "octavia_render.py";

interface Rounds {
  readonly seconds: readonly number[];
  readonly text: string;
}

export const render: Measure = {
  name: "render",
  rows: [
    {
      id: "render",
      title: "rendering 50 listeners, 50 pools, 2,000 members",
      unit: "ms",
      target: 0.1,
    },
  ],
  definition: `From the load balancer as objects to the text of \`haproxy.cfg\`, in one process, templates compiled: Octavia's own templater beside ours with the built program's options of V8; the last ${COUNTED} of ${ROUNDS} rounds. Both texts are compared byte for byte.`,
  run: async (rig) => {
    const { seconds, text } = await (rig.isOurs ? roundsOfOurs() : roundsOfOctavia(rig));
    if (text !== (await renderDocument(largeDocument()))) throw new Error("the rendered texts differ");
    return { render: seconds.slice(-COUNTED).map((each) => each * 1_000) };
  },
};

async function roundsOfOurs(): Promise<Rounds> {
  const [shebang = ""] = (await readFile(PROGRAM, "utf8")).split("\n");
  const options = shebang.split(" ").filter((word) => word.startsWith("--"));
  const { stdout } = await execa(process.execPath, [
    ...options,
    join(BENCH, "render-rounds.ts"),
    String(ROUNDS),
  ]);
  return JSON.parse(stdout) as Rounds;
}

async function roundsOfOctavia({ machine }: Rig): Promise<Rounds> {
  await machine.copyIn(join(BENCH, SCRIPT), `/run/${SCRIPT}`);
  const options = { input: JSON.stringify(largeDocument()), timeoutMs: 120_000 };
  const stdout = await machine.exec("python3", ["-W", "ignore", `/run/${SCRIPT}`, String(ROUNDS)], options);
  return JSON.parse(stdout) as Rounds;
}
