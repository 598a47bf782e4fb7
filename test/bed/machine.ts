/** A machine: a copy of a tree over which a real systemd runs, with network interfaces of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { createGroups, type MachineGroups, type MemoryFiles, memoryFiles, tasksGroup } from "./cgroup.ts";
import { BedUnavailable, host } from "./host.ts";
import type { Lab } from "./lab.ts";

const BOOT_MS = 60_000;
const STOP_MS = 30_000;
const WAKE_MS = 50;

export interface Interface {
  /** The lab's bridge that it is plugged into. */
  readonly bridge: string;
  readonly mac: string;
  /** Name inside the machine until somebody renames it; unique in the lab, at most 13 characters. */
  readonly name: string;
}

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Boots a machine and waits until its init has started everything.
 * @param tree - directory made by `buildTree`; stays unchanged
 * @param layers - directories laid over the tree, the topmost first; they stay unchanged too
 * @param interfaces - present from the first moment, as on a virtual machine; they come back at each `start`
 * @param countsMemory - for `limitMemory`
 * @param disk - size of what it can write, for mount(8); the lab's own room unless given
 */
export async function boot(
  lab: Lab,
  options: {
    name: string;
    tree: string;
    layers?: readonly string[];
    interfaces?: readonly Interface[];
    disk?: string;
    countsMemory?: boolean;
  },
): Promise<Machine> {
  if (options.disk !== undefined) {
    const directory = join(lab.scratch, options.name);
    await mkdir(directory, { recursive: true });
    await host("mount", ["-t", "tmpfs", "-o", `mode=0755,size=${options.disk}`, "amphora-bed", directory]);
  }
  const root = await mountTree(lab, options.name, [...(options.layers ?? []), options.tree]);
  await writeFile(join(root, "etc/hostname"), `${options.name}\n`);
  await writeFile(join(root, "etc/machine-id"), `${randomUUID().replaceAll("-", "")}\n`);
  const groups = await createGroups(lab.id, options.name, {
    countsMemory: options.countsMemory ?? false,
  });
  const machine = new Machine(options.name, root, groups, options.interfaces ?? []);
  await machine.start();
  return machine;
}

/**
 * Mounts a private, writable copy of trees, the topmost first.
 * @param name - unique in the lab
 * @returns its root directory
 */
export async function mountTree(lab: Lab, name: string, trees: readonly string[]): Promise<string> {
  const directory = join(lab.scratch, name);
  const root = join(directory, "root");
  const [upper, work] = [join(directory, "upper"), join(directory, "work")];
  for (const path of [upper, work, root]) await mkdir(path, { recursive: true });
  const layers = `lowerdir=${trees.join(":")},upperdir=${upper},workdir=${work}`;
  await host("mount", ["-t", "overlay", "-o", layers, "amphora-bed", root]);
  return root;
}

export class Machine {
  readonly name: string;
  /** Its file system, also while it is stopped. */
  readonly root: string;
  readonly #groups: MachineGroups;
  readonly #interfaces: readonly Interface[];
  #running: { nspawn: ChildProcess; exited: Promise<void>; leader: number } | undefined;
  readonly #spawned = new Set<ChildProcess>();
  #console = "";

  constructor(name: string, root: string, groups: MachineGroups, interfaces: readonly Interface[]) {
    this.name = name;
    this.root = root;
    this.#groups = groups;
    this.#interfaces = interfaces;
  }

  /** Its init's process id, as the lab sees it. */
  get leader(): number {
    if (!this.#running) throw new Error(`machine ${this.name} is not running`);
    return this.#running.leader;
  }

  /** Directory of a unit's control group in the version 2 hierarchy. */
  unitGroup(unit: string): string {
    const [unified] = this.#groups;
    if (unified === undefined) throw new Error("no control group hierarchy of version 2 on this host");
    return join(unified, "payload/system.slice", unit);
  }

  /** Leaves it room for so many more processes and threads. What `try` and `exec` run is none of its own. */
  async limitTasks(room: number): Promise<void> {
    const group = await this.#tasksGroup();
    const current = Number(await readFile(join(group, "pids.current"), "latin1"));
    await writeFile(join(group, "pids.max"), String(current + room));
  }

  async unlimitTasks(): Promise<void> {
    await writeFile(join(await this.#tasksGroup(), "pids.max"), "max");
  }

  /** Leaves it so much more memory. @throws BedUnavailable where none is counted */
  async limitMemory(roomBytes: number): Promise<void> {
    const { limit, used } = await this.#memoryFiles();
    await writeFile(limit, String(Number(await readFile(used, "latin1")) + roomBytes));
  }

  async unlimitMemory(): Promise<void> {
    const { limit, unlimited } = await this.#memoryFiles();
    await writeFile(limit, unlimited);
  }

  /** How many of its processes the kernel has ended for want of memory. */
  async endedForMemory(): Promise<number> {
    const text = await readFile((await this.#memoryFiles()).events, "latin1");
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1]);
  }

  async #memoryFiles(): Promise<MemoryFiles> {
    const files = await memoryFiles(this.#groups);
    if (files === undefined) throw new BedUnavailable("memory is not counted in control groups here");
    return files;
  }

  async #tasksGroup(): Promise<string> {
    const group = await tasksGroup(this.#groups);
    if (group === undefined) throw new BedUnavailable("processes are not counted in control groups here");
    return group;
  }

  /** Boots it, again after `stop`. What it wrote to its file system is still there, /run is not. */
  async start(): Promise<void> {
    await this.#boot();
    if (await this.#tracksProcesses()) return;
    // Seen in containers now and then: its systemd has the hierarchy of version 1 alone, where it may miss that a unit has ended.
    const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
    const here = mounts.filter((line) => line.includes("cgroup")).join("\n");
    console.error(`bed: ${this.name} came up without control groups of version 2, it boots again\n${here}`);
    await this.kill();
    await this.#boot();
    if (!(await this.#tracksProcesses()))
      throw new Error(`machine ${this.name} has no control groups of version 2`);
  }

  /** Whether its systemd has the version 2 hierarchy, where this host has one. */
  async #tracksProcesses(): Promise<boolean> {
    const [here, inside] = await Promise.all(
      ["self", this.leader].map((pid) => readFile(`/proc/${pid}/mountinfo`, "utf8")),
    );
    return !here?.includes(CGROUP2) || inside?.includes(CGROUP2) === true;
  }

  async #boot(): Promise<void> {
    if (this.#running) throw new Error(`machine ${this.name} is running`);
    for (const nic of this.#interfaces) await createInterface(nic);
    const nspawn = spawn("sh", ["-ec", ENTER_GROUPS, "sh", ...this.#groups, "--", ...this.#command()], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [nspawn.stdout, nspawn.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#console = (this.#console + text).slice(-16_384);
      });
    }
    const exited = new Promise<void>((resolve) => {
      nspawn.once("error", () => resolve());
      nspawn.once("exit", () => resolve());
    });
    const deadline = Date.now() + BOOT_MS;
    this.#running = { nspawn, exited, leader: await this.#findLeader(nspawn, deadline) };
    await this.#waitForInit(deadline);
  }

  /** Runs a program inside and hands back whatever it ended with. */
  async try(
    file: string,
    args: readonly string[],
    options: { input?: string; timeoutMs?: number } = {},
  ): Promise<Ended> {
    const ended = await execa("nsenter", [...this.#namespaces(), file, ...args], {
      input: options.input ?? "",
      timeout: options.timeoutMs ?? 60_000,
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
      extendEnv: false,
      reject: false,
    });
    return { exitCode: ended.exitCode ?? 1, stdout: ended.stdout, stderr: ended.stderr };
  }

  /** Starts a program inside and hands its output on; it ends with the machine at the latest. */
  spawn(file: string, args: readonly string[]): ChildProcess {
    const command = [...this.#namespaces(), file, ...args];
    const child = spawn("nsenter", command, { stdio: ["ignore", "pipe", "ignore"] });
    this.#spawned.add(child);
    return child.once("exit", () => this.#spawned.delete(child));
  }

  /** Runs a program inside that must succeed. @returns its standard output */
  async exec(
    file: string,
    args: readonly string[],
    options?: { input?: string; timeoutMs?: number },
  ): Promise<string> {
    const ended = await this.try(file, args, options);
    if (ended.exitCode !== 0) {
      throw new Error(
        `${this.name}: ${file} ${args.join(" ")} ended with ${ended.exitCode}\n${ended.stdout}${ended.stderr}`,
      );
    }
    return ended.stdout;
  }

  /**
   * Copies a file or directory of the host into it, while it runs too.
   * @param isWanted - asked for each file and directory below `source`
   */
  async copyIn(
    source: string,
    target: string,
    isWanted: (path: string) => boolean = () => true,
  ): Promise<void> {
    const path = this.#pathOf(target);
    await mkdir(dirname(path), { recursive: true });
    await cp(source, path, { recursive: true, dereference: true, filter: isWanted });
  }

  async write(target: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
    const path = this.#pathOf(target);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content, { mode });
  }

  /** Plugs one more interface into the running machine; it is gone after the next stop. */
  async plug(nic: Interface): Promise<void> {
    await createInterface(nic);
    await host("ip", ["link", "set", nic.name, "netns", String(this.leader)]);
  }

  /** Pulls an interface, wherever in the machine it is by now. */
  async unplug(nic: Interface): Promise<void> {
    await host("ip", ["link", "delete", labEnd(nic)]);
  }

  /** Takes the carrier of an interface away or gives it back: a switch's side of a cable. */
  async setCarrier(nic: Interface, state: "up" | "down"): Promise<void> {
    await host("ip", ["link", "set", labEnd(nic), state]);
  }

  /** Lets no frame pass between this interface and others that are isolated too; the lab reaches all. */
  async setIsolated(nic: Interface, state: "on" | "off"): Promise<void> {
    await host("bridge", ["link", "set", "dev", labEnd(nic), "isolated", state]);
  }

  /** Cuts its power: every process of it is gone at once. */
  async kill(): Promise<void> {
    if (!this.#running) return;
    const { exited, leader } = this.#running;
    process.kill(leader, "SIGKILL");
    await exited;
    await this.#gone();
  }

  /** Powers it off in order; kills it when that takes too long. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    const { nspawn, exited } = this.#running;
    await this.try("systemctl", ["poweroff", "--no-block"], { timeoutMs: 10_000 });
    const timer = setTimeout(() => nspawn.kill("SIGKILL"), STOP_MS);
    // nsenter stops itself when its program is stopped, as all are at the end of a shutdown, and would never go on.
    const wake = setInterval(() => this.#spawned.forEach((child) => void child.kill("SIGCONT")), WAKE_MS);
    await exited;
    clearInterval(wake);
    clearTimeout(timer);
    await this.#gone();
  }

  async #gone(): Promise<void> {
    this.#running = undefined;
    for (const nic of this.#interfaces) await removeIfPresent(labEnd(nic));
  }

  #command(): string[] {
    return [
      "systemd-nspawn",
      "--quiet",
      "--boot",
      "--register=no",
      "--keep-unit",
      "--private-network",
      "--capability=all",
      "--link-journal=no",
      "--resolv-conf=off",
      "--timezone=off",
      "--console=pipe",
      `--machine=${this.name}`,
      `--directory=${this.root}`,
      ...this.#interfaces.map((nic) => `--network-interface=${nic.name}`),
    ];
  }

  #namespaces(): string[] {
    return ["-t", String(this.leader), "--mount", "--pid", "--net", "--uts", "--ipc", "--"];
  }

  /** A running machine has file systems (/run, /tmp) that its root directory does not show. */
  #pathOf(target: string): string {
    return this.#running ? join(`/proc/${this.leader}/root`, target) : join(this.root, target);
  }

  async #findLeader(nspawn: ChildProcess, deadline: number): Promise<number> {
    while (Date.now() < deadline && nspawn.exitCode === null && nspawn.signalCode === null) {
      const children = await readFile(`/proc/${nspawn.pid}/task/${nspawn.pid}/children`, "utf8").catch(
        () => "",
      );
      const leader = Number(children.split(" ")[0]);
      if (leader > 0 && (await readFile(`/proc/${leader}/comm`, "utf8").catch(() => "")) === "systemd\n")
        return leader;
      await sleep(20);
    }
    throw new Error(`machine ${this.name} did not boot\n${this.#console}`);
  }

  async #waitForInit(deadline: number): Promise<void> {
    let state = "";
    while (Date.now() < deadline) {
      // Exit code 1 is "degraded" too: a unit of Debian's that cannot work in here is not our concern.
      state = (await this.try("systemctl", ["is-system-running", "--wait"])).stdout.trim();
      if (state === "running" || state === "degraded") return;
      await sleep(50);
    }
    throw new Error(`machine ${this.name} is "${state}" after ${BOOT_MS} ms\n${this.#console}`);
  }
}

/** In a line of `/proc/<pid>/mountinfo`. */
const CGROUP2 = " - cgroup2 ";

/** Puts its own process into each group, then becomes the program after `--`. */
const ENTER_GROUPS = 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs"; shift; done; shift; exec "$@"';

function labEnd(nic: Interface): string {
  return `${nic.name}-h`;
}

async function createInterface(nic: Interface): Promise<void> {
  const peer = ["peer", "name", nic.name, "address", nic.mac];
  await host("ip", ["link", "add", labEnd(nic), "type", "veth", ...peer]);
  await host("ip", ["link", "set", labEnd(nic), "master", nic.bridge, "up"]);
}

/** The kernel takes a pair of interfaces down some time after the namespace of one of them. */
async function removeIfPresent(link: string): Promise<void> {
  await execa("ip", ["link", "delete", link], { reject: false });
}
