/** Control groups of a bed: one per machine, in every hierarchy that systemd writes to. */
import { mkdir, readdir, readFile, readlink, rmdir } from "node:fs/promises";
import { join, relative } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { isThere } from "./host.ts";

const PREFIX = "amphora-bed";
const EMPTIED_MS = 5_000;

/** A machine's directory in each hierarchy, the one with CPU figures (version 2) first. */
export type MachineGroups = readonly string[];

/**
 * A name for the bed of this process. Beds in containers may have groups beside ours: a pid alone would be
 * another process's there, and a bed that lives would be taken for one that was killed.
 */
export async function nameBed(): Promise<string> {
  return `${await pidNamespace()}-${process.pid}`;
}

/**
 * Creates a machine's groups below our own. Two machines in one group would share one init's children.
 * @param bed - names the bed; its groups are found again by it
 * @param countsMemory - whether it gets a group for its memory, too, where that is a hierarchy of its own
 */
export async function createGroups(
  bed: string,
  machine: string,
  { countsMemory }: { readonly countsMemory: boolean },
): Promise<MachineGroups> {
  const directories: string[] = [];
  for (const parent of await hierarchies(countsMemory)) {
    const directory = join(parent, `${PREFIX}-${bed}`, machine);
    await mkdir(directory, { recursive: true });
    directories.push(directory);
  }
  return directories;
}

/** @returns the one in which processes and threads are counted; undefined where none is, as in some containers */
export function tasksGroup(groups: MachineGroups): Promise<string | undefined> {
  return groupWith(groups, "pids.max");
}

/** Files of the group in which memory is counted. */
export interface MemoryFiles {
  readonly limit: string;
  readonly used: string;
  /** Has a line `oom_kill <count>`. */
  readonly events: string;
  /** What `limit` says when there is none. */
  readonly unlimited: string;
}

/** @returns undefined where memory is not counted, as in some containers */
export async function memoryFiles(groups: MachineGroups): Promise<MemoryFiles | undefined> {
  for (const [limit, used, events, unlimited] of [
    ["memory.max", "memory.current", "memory.events", "max"],
    ["memory.limit_in_bytes", "memory.usage_in_bytes", "memory.oom_control", "-1"],
  ] as const) {
    const group = await groupWith(groups, limit);
    if (group === undefined) continue;
    return { limit: join(group, limit), used: join(group, used), events: join(group, events), unlimited };
  }
  return undefined;
}

async function groupWith(groups: MachineGroups, file: string): Promise<string | undefined> {
  for (const group of groups) {
    if (await isThere(join(group, file))) return group;
  }
  return undefined;
}

/** Removes the groups of a bed whose processes have ended, and of beds that were killed before they could. */
export async function removeGroups(bed: string): Promise<void> {
  const killed = new RegExp(`^${PREFIX}-${await pidNamespace()}-(\\d+)$`);
  for (const parent of await hierarchies(true)) {
    for (const name of await readdir(parent)) {
      const [, owner] = killed.exec(name) ?? [];
      if (name === `${PREFIX}-${bed}`) await removeGroup(join(parent, name));
      else if (owner && !(await isAlive(owner))) await removeLeftover(join(parent, name));
    }
  }
}

/** Number of the namespace that pids of this process are valid in. */
async function pidNamespace(): Promise<string> {
  const [number] = /\d+/.exec(await readlink("/proc/self/ns/pid")) ?? [];
  if (number === undefined) throw new Error("/proc/self/ns/pid names no namespace");
  return number;
}

/** Of another bed: its last processes may still be ending, and others may be removing it as well. */
async function removeLeftover(directory: string): Promise<void> {
  try {
    await removeGroup(directory);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EBUSY" && code !== "ENOENT") throw error;
  }
}

async function removeGroup(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeGroup(join(directory, entry.name));
  }
  await removeEmptied(directory);
}

/** A killed machine's processes take a moment to be gone. */
async function removeEmptied(group: string): Promise<void> {
  const deadline = performance.now() + EMPTIED_MS;
  for (;;) {
    try {
      return await rmdir(group);
    } catch (error) {
      const isBusy = error instanceof Error && "code" in error && error.code === "EBUSY";
      if (!isBusy || performance.now() > deadline) throw error;
    }
    await sleep(20);
  }
}

async function isAlive(pid: string): Promise<boolean> {
  return isThere(`/proc/${pid}/stat`);
}

/** Our own group in the version 2 hierarchy and, where they are, in those of systemd, tasks and memory of version 1. */
async function hierarchies(withMemory: boolean): Promise<string[]> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  const groups = await readFile("/proc/self/cgroup", "utf8");
  const found: string[] = [];
  for (const [type, line, options] of [
    ["cgroup2", /^0::(.*)$/m, /^/],
    ["cgroup", /^\d+:name=systemd:(.*)$/m, /\bname=systemd\b/],
    ["cgroup", /^\d+:pids:(.*)$/m, /\bpids\b/],
    ...(withMemory ? [["cgroup", /^\d+:memory:(.*)$/m, /\bmemory\b/] as const] : []),
  ] as const) {
    const [, group] = line.exec(groups) ?? [];
    const mount = mounts.split("\n").find((row) => row.includes(` - ${type} `) && options.test(row));
    const [, , , root, point, flags] = mount?.split(" ") ?? [];
    // A container may look at the others, and write to those of systemd alone.
    const isWritable = flags?.split(",").includes("rw");
    if (root && point && group && isWritable) found.push(join(point, relative(root, group)));
  }
  return found;
}
