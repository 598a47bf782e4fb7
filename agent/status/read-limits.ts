/** What bounds new processes: control groups, and the kernel itself. Files are read, nothing is spawned. */
import { readIfPresent } from "../system/files.ts";
import { parseKilobytes } from "../system/machine.ts";
import { type GroupDirectories, parseGroups } from "./parse-groups.ts";
import type { Limit, Limits } from "./types.ts";

const PID_MAX = "/proc/sys/kernel/pid_max";
const THREADS_MAX = "/proc/sys/kernel/threads-max";

/**
 * @param pid - whose processes they would be
 * @returns the limit of each kind that leaves least; null where nothing sets one
 */
export async function readLimits(pid: number | "self"): Promise<Limits> {
  const [groups, mounts] = await Promise.all([
    readText(`/proc/${pid}/cgroup`),
    readText("/proc/self/mountinfo"),
  ]);
  const directories = parseGroups(groups ?? "", mounts ?? "");
  const [tasks, memory] = await Promise.all([readTasks(directories), readMemory(directories)]);
  return { tasks: tightest(tasks), memory: tightest(memory) };
}

async function readTasks({ tasks }: GroupDirectories): Promise<Limit[]> {
  const [load, pidMax, threadsMax] = await Promise.all(
    ["/proc/loadavg", PID_MAX, THREADS_MAX].map((path) => readText(path)),
  );
  const used = Number(/\/(\d+) /.exec(load ?? "")?.[1]);
  const machine = [
    [PID_MAX, pidMax],
    [THREADS_MAX, threadsMax],
  ].map(([path = "", limit]) => limitOf(path, used, Number(limit)));
  const grouped = tasks.map(async (directory) => {
    const [current, max] = await Promise.all([
      readText(`${directory}/pids.current`),
      readText(`${directory}/pids.max`),
    ]);
    return limitOf(`${directory}/pids.max`, Number(current), Number(max));
  });
  return [...machine, ...(await Promise.all(grouped))].flat();
}

async function readMemory({ memory, memoryVersion }: GroupDirectories): Promise<Limit[]> {
  const [max, current] =
    memoryVersion === 2
      ? ["memory.max", "memory.current"]
      : ["memory.limit_in_bytes", "memory.usage_in_bytes"];
  // Version 1 writes "no limit" as a number that no machine has.
  const machine = parseKilobytes((await readText("/proc/meminfo")) ?? "", "MemTotal") * 1024;
  const all = memory.map(async (directory) => {
    const [limit, used, statistics = ""] = await Promise.all(
      [max, current, "memory.stat"].map((name) => readText(`${directory}/${name}`)),
    );
    const cached = cachedBytes(statistics, memoryVersion === 2 ? "" : "total_");
    return Number(limit) < machine
      ? limitOf(`${directory}/${max}`, Number(used) - cached, Number(limit))
      : [];
  });
  return (await Promise.all(all)).flat();
}

/** What the kernel takes back before it refuses anything. */
function cachedBytes(statistics: string, prefix: string): number {
  return ["active_file", "inactive_file"].reduce(
    (sum, name) => sum + Number(new RegExp(`^${prefix}${name} (\\d+)$`, "m").exec(statistics)?.[1] ?? 0),
    0,
  );
}

/** Nothing for what is not a number: `max`, or a file that is not there. */
function limitOf(set_by: string, used: number, limit: number): Limit[] {
  return Number.isFinite(used) && Number.isFinite(limit) ? [{ used, limit, set_by }] : [];
}

function tightest(limits: readonly Limit[]): Limit | null {
  return limits.reduce<Limit | null>(
    (least, one) => (least && least.limit - least.used <= one.limit - one.used ? least : one),
    null,
  );
}

async function readText(path: string): Promise<string | undefined> {
  return (await readIfPresent(path))?.toString("latin1");
}
