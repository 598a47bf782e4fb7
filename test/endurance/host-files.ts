/** Every file of a throwaway host, so that whatever a program leaves behind is seen. */
import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const CHECKOUT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
/** What other programs of this machine write to: private here from now on. */
const BUSY = [
  "/tmp",
  "/var/tmp",
  "/var/log",
  "/var/cache",
  "/var/spool",
  "/root",
  "/home",
  "/srv",
  "/mnt",
  "/opt",
];
const LISTING_BYTES = 1 << 28;

/** Puts an empty directory in the place of each that others may write to; places that hold the checkout stay. */
export async function sealHost(): Promise<void> {
  for (const place of BUSY) {
    if (CHECKOUT.startsWith(`${place}/`) || process.execPath.startsWith(`${place}/`)) continue;
    await run("mount", ["-t", "tmpfs", "-o", "mode=1777", "sealed", place]);
  }
}

/** Path of every file with type, mode, size and time of its last change; of the kernel's file systems nothing. */
export async function listHostFiles(): Promise<Map<string, string>> {
  // Other checkouts are at work beside this one, and somebody may edit this one's files.
  const [others, ours] = await Promise.all([
    list(["/", ...prune("/proc", "/sys", "/dev", dirname(CHECKOUT))]),
    list([CHECKOUT, ...prune(`${CHECKOUT}/.git`, `${CHECKOUT}/node_modules`)]),
  ]);
  return new Map([...others, ...ours.map(([path]) => [path, "here"] as const)]);
}

function prune(...paths: string[]): string[] {
  const tests = paths.flatMap((path, index) => [...(index === 0 ? [] : ["-o"]), "-path", path]);
  return ["(", ...tests, ")", "-prune", "-o"];
}

async function list(args: readonly string[]): Promise<[string, string][]> {
  // A directory's own time says nothing that its entries do not say.
  const format = ["(", "-type", "d", "-printf", "%p\\td %m\\n", "-o", "-printf", "%p\\t%y %m %s %T@\\n", ")"];
  const stdout = await run("find", [...args, ...format], { maxBuffer: LISTING_BYTES }).then(
    (result) => result.stdout,
    (error: { stdout?: string; stderr?: string }) => {
      // Where we may not look nobody else of this host may write; what went away meanwhile is not there.
      const problems = (error.stderr ?? "?").split("\n").filter(Boolean);
      const isHarmless = /: (Permission denied|No such file or directory)$/;
      if (error.stdout === undefined || !problems.every((line) => isHarmless.test(line))) throw error;
      return error.stdout;
    },
  );
  const lines = stdout.split("\n").filter((line) => line.includes("\t"));
  return lines.map((line) => {
    const tab = line.lastIndexOf("\t");
    return [line.slice(0, tab), line.slice(tab + 1)];
  });
}

/** Paths that are new, gone or different. */
export function changesBetween(before: Map<string, string>, after: Map<string, string>): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}
