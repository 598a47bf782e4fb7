/** Every file of a throwaway host that can be written to, so that whatever a program leaves behind is seen. */
import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import process from "node:process";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Of this host alone (scripts/throwaway-host), and what an amphora may write to. */
const PRIVATE = ["/run", "/etc/octavia", "/var/lib/octavia"];
/** In place of /tmp, which other programs of the machine write to. */
export const SCRATCH = "/run/scratch";
/** Not files: the kernel's, and devices. */
const KERNEL = /^\/(proc|sys|dev)(\/|$)/;
const LISTING_BYTES = 1 << 28;

/**
 * Makes all of the machine read-only for this host, apart from the directories that are its own: whoever writes
 * elsewhere gets an error, and what other programs of the machine write meanwhile is not taken for ours.
 * @returns where the kernel does not allow that
 */
export async function sealHost(): Promise<string[]> {
  await mkdir(SCRATCH);
  process.env.TMPDIR = SCRATCH;
  const unsealed: string[] = [];
  for (const point of reachableMounts(await readFile("/proc/self/mountinfo", "utf8"))) {
    if (KERNEL.test(point) || PRIVATE.includes(point)) continue;
    await run("mount", ["-o", "remount,bind,ro", point]).catch(() => unsealed.push(point));
  }
  return unsealed;
}

/** Path of every file in the host's own directories, with type, mode, size and time of its last change. */
export async function listHostFiles(): Promise<Map<string, string>> {
  // A directory's own time says nothing that its entries do not say.
  const format = ["(", "-type", "d", "-printf", "%p\\td %m\\n", "-o", "-printf", "%p\\t%y %m %s %T@\\n", ")"];
  const { stdout } = await run("find", [...PRIVATE, "-xdev", "-ignore_readdir_race", ...format], {
    maxBuffer: LISTING_BYTES,
  });
  const lines = stdout.split("\n").filter((line) => line.includes("\t"));
  return new Map(
    lines.map((line) => {
      const tab = line.lastIndexOf("\t");
      return [line.slice(0, tab), line.slice(tab + 1)];
    }),
  );
}

/** Paths that are new, gone or different. */
export function changesBetween(before: Map<string, string>, after: Map<string, string>): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}

/** Where something is mounted that no other mount covers: what cannot be reached cannot be written to. */
function reachableMounts(mountinfo: string): string[] {
  const mounts = mountinfo
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [id = "", parent = "", , , point = ""] = line.split(" ");
      return { id, parent, point: unescaped(point) };
    });
  const isAbove = (id: string, below: string): boolean => {
    const parent = mounts.find((mount) => mount.id === below)?.parent;
    return parent !== undefined && parent !== below && (parent === id || isAbove(id, parent));
  };
  const reachable = mounts.filter((mount) =>
    mounts.every(({ id, point }) => !mount.point.startsWith(`${point}/`) || isAbove(id, mount.id)),
  );
  return [...new Set(reachable.map(({ point }) => point))];
}

/** The kernel writes blanks and the like in octal. */
function unescaped(point: string): string {
  return point.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
