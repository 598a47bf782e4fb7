/** The machine that a sandbox is started on, here itself a throwaway host: what it must leave as it was. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile } from "node:fs/promises";
import process from "node:process";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../agent/system/run.ts";

const CHECKOUT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const MAIN = new URL("../../agent/cli/main.ts", import.meta.url).pathname;

/** A private /tmp: others write to the machine's own meanwhile. A checkout below /tmp stays where it is. */
export async function privateTemporaryFiles(): Promise<void> {
  const kept = "/run/checkout";
  const isBelow = CHECKOUT.startsWith("/tmp/");
  if (isBelow) {
    await mkdir(kept);
    await run("mount", ["--bind", CHECKOUT, kept]);
  }
  await run("mount", ["-t", "tmpfs", "none", "/tmp"]);
  if (isBelow) {
    await mkdir(CHECKOUT, { recursive: true });
    await run("mount", ["--move", kept, CHECKOUT]);
  }
}

/** Namespaces, links, mounts, files and processes. */
export async function machineState(): Promise<object> {
  return {
    namespaces: await run("ip", ["netns"]),
    links: await run("ip", ["-brief", "link"]),
    mounts: await readFile("/proc/self/mountinfo", "utf8"),
    files: [...(await filesBelow("/tmp", "/run", "/etc/octavia", "/var/lib/octavia")), ...(await entries())],
    processes: await processes(),
  };
}

async function filesBelow(...directories: string[]): Promise<string[]> {
  const elsewhere = ["-path", CHECKOUT, "-prune", "-o", "-print"];
  return (await run("find", [...directories, ...elsewhere])).split("\n").sort();
}

/** Of directories that the sandbox has copies of. */
async function entries(): Promise<string[]> {
  const directories = ["/etc", "/var/lib", "/usr/local/bin", "/usr/lib/systemd/system"];
  return (await Promise.all(directories.map((directory) => readdir(directory)))).flat().sort();
}

/** Waits until the machine is again as it was; what differs at the end is told. */
export async function assertUntouched(before: object): Promise<void> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    try {
      return assert.deepEqual(await machineState(), before);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await sleep(50);
  }
}

/** Command lines of all processes but the ones that have ended and wait for being noticed. */
async function processes(): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").then((line) => `${pid} ${line}`, gone)),
  );
  return lines.filter((line) => line.includes("\0")).sort();
}

function gone(): string {
  return "";
}

export interface Command {
  readonly child: ChildProcess;
  /** What it has written so far. */
  output(): string;
  /** @returns exit code, or the signal that ended it */
  readonly ended: Promise<number | string | null>;
}

/** Starts `amphora WORDS`. */
export function amphora(...words: string[]): Command {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part: string) => {
      output += part;
    });
  }
  const ended = once(child, "close").then(() => child.exitCode ?? child.signalCode);
  return { child, output: () => output, ended };
}

/** Runs `amphora WORDS` to its end, standard output apart. */
export async function amphoraOutput(
  ...words: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await ended;
  return { code: child.exitCode, stdout, stderr };
}

/** Waits for a text in a command's output. */
export async function says(command: Command, pattern: RegExp, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!pattern.test(command.output())) {
    assert.ok(Date.now() < deadline, `no ${pattern} in\n${command.output()}`);
    await sleep(50);
  }
}
