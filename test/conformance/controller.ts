/** Octavia's controller as a Python program: it tells steps, and asks for machines, one JSON line each. */
import { spawn } from "node:child_process";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { asError } from "../../agent/errors.ts";
import { host } from "../bed/host.ts";
import type { Lab } from "../bed/lab.ts";
import { mountTree } from "../bed/machine.ts";
import type { Hypervisor } from "./hypervisor.ts";
import type { Release } from "./releases.ts";

const PROGRAM = join(import.meta.dirname, "controller");
/** How much of the controller's log is kept, in characters. */
const WORDS = 32_768;
/** Inside the controller's tree. */
const [INSTALLED, STATE] = ["/srv/controller", "/srv/state"];

export interface Step {
  readonly step: string;
  readonly verdict: "passed" | "failed" | "skipped";
  readonly seconds: number;
  /** Why it was skipped, how it failed. */
  readonly detail: string;
}

/**
 * Plays a story.
 * @param name - unique in the lab
 * @param tell - gets each step as it ends
 * @returns the last of what the controller has logged
 * @throws Error when it did not come to its end, with those words
 */
export async function playStory(
  lab: Lab,
  options: {
    name: string;
    agent: string;
    story: string;
    tree: string;
    release: Release;
    hypervisor: Hypervisor;
    timeoutMs: number;
  },
  tell: (step: Step) => void,
): Promise<string> {
  const { name, agent, story, tree, release, hypervisor, timeoutMs } = options;
  const root = await mountTree(lab, name, [...release.layers, tree]);
  await cp(PROGRAM, join(root, INSTALLED), { recursive: true });
  await mkdir(join(root, STATE), { recursive: true });
  for (const directory of ["proc", "dev"]) {
    await host("mount", ["--rbind", `/${directory}`, join(root, directory)]);
  }
  const command = [root, release.python, "-B", "-W", "ignore", INSTALLED, STATE, agent, story];
  const controller = spawn("chroot", command, { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } });
  const timer = setTimeout(() => controller.kill("SIGKILL"), timeoutMs);
  let words = "";
  controller.stderr.setEncoding("utf8").on("data", (text: string) => {
    words = (words + text).slice(-WORDS);
  });
  const exited = new Promise<number | null>((resolve, reject) => {
    controller.once("error", reject);
    controller.once("exit", resolve);
  });
  for await (const line of createInterface(controller.stdout)) {
    const told = JSON.parse(line) as Step | Question;
    if ("step" in told) tell(told);
    else controller.stdin.write(`${JSON.stringify(await answer(hypervisor, told))}\n`);
  }
  const code = await exited;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`the controller ended with ${code ?? "a signal"}\n${words}`);
  return words;
}

/** What `controller/hypervisor.py` asks. */
type Question =
  | { ask: "boot"; amphora: string; files: Record<string, string> }
  | { ask: "plug"; amphora: string; network: string; mac: string; delayMs: number }
  | { ask: "run"; amphora: string; command: string[] }
  | { ask: "powerOff"; amphora: string }
  | { ask: "journal" };

async function answer(
  hypervisor: Hypervisor,
  question: Question,
): Promise<{ value: string | null } | { error: string }> {
  try {
    return { value: (await act(hypervisor, question)) ?? null };
  } catch (error) {
    return { error: asError(error).message };
  }
}

async function act(hypervisor: Hypervisor, question: Question): Promise<string | undefined> {
  switch (question.ask) {
    case "boot":
      return hypervisor.boot(question.amphora, question.files);
    case "plug":
      await hypervisor.plug(question.amphora, question.network, question.mac, question.delayMs);
      return undefined;
    case "run":
      return hypervisor.run(question.amphora, question.command);
    case "powerOff":
      await hypervisor.powerOff(question.amphora);
      return undefined;
    case "journal":
      return hypervisor.journal();
  }
}
