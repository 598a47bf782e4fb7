/** Where the control groups of a process are, whose limits its own new processes have to keep (cgroups(7)). */

/** A directory for each group that a process is in, its own first; last what is mounted, which may be a container's. */
export interface GroupDirectories {
  readonly tasks: readonly string[];
  readonly memory: readonly string[];
  /** Names of the memory controller's files differ. */
  readonly memoryVersion: 1 | 2;
}

interface Hierarchy {
  readonly point: string;
  /** Of the mount, inside its hierarchy. */
  readonly root: string;
  /** Empty for version 2. */
  readonly controllers: readonly string[];
}

/**
 * @param groups - `/proc/<pid>/cgroup`
 * @param mounts - `/proc/self/mountinfo`
 */
export function parseGroups(groups: string, mounts: string): GroupDirectories {
  const hierarchies = mounts.split("\n").flatMap(parseHierarchy);
  const paths = groups.split("\n").flatMap((line) => {
    const [, controllers = "", path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    return path === undefined ? [] : [{ controllers: controllers.split(",").filter(Boolean), path }];
  });
  const directoriesOf = (controller: string | undefined): string[] => {
    const has = (controllers: readonly string[]) =>
      controller === undefined ? controllers.length === 0 : controllers.includes(controller);
    const path = paths.find((one) => has(one.controllers))?.path;
    const hierarchy = hierarchies.find((one) => has(one.controllers));
    return path === undefined || hierarchy === undefined ? [] : upwards(path, hierarchy);
  };
  const unified = directoriesOf(undefined);
  const [tasks, memory] = [directoriesOf("pids"), directoriesOf("memory")];
  return {
    tasks: tasks.length > 0 ? tasks : unified,
    memory: memory.length > 0 ? memory : unified,
    memoryVersion: memory.length > 0 ? 1 : 2,
  };
}

function parseHierarchy(line: string): Hierarchy[] {
  const [before = "", behind = ""] = line.split(" - ");
  const [, , , root, point] = before.split(" ");
  const [type = "", , options = ""] = behind.split(" ");
  if (root === undefined || point === undefined) return [];
  if (type === "cgroup2") return [{ root, point, controllers: [] }];
  return type === "cgroup" ? [{ root, point, controllers: options.split(",") }] : [];
}

/** Nothing for a group that the mount does not show. */
function upwards(path: string, { root, point }: Hierarchy): string[] {
  const base = root === "/" ? "" : root;
  if (path !== root && !path.startsWith(`${base}/`)) return [];
  const names = path.slice(base.length).split("/").filter(Boolean);
  if (names.includes("..")) return [];
  const below = [...names.keys()].map((index) => names.slice(0, names.length - index).join("/"));
  return [...below.map((one) => `${point}/${one}`), point];
}
