/** A bare Debian directory tree: built once for a list of packages, kept, and never booted itself. */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BedUnavailable, cacheDirectory, host, isThere } from "./host.ts";

export interface TreeSpec {
  /** Debian's code name; the host's own unless given, since the mirrors are the host's. */
  readonly release?: string;
  readonly packages: readonly string[];
  /** Units that would otherwise start at boot, or run in the background of a measurement. */
  readonly masked?: readonly string[];
}

/** What every machine of a bed has: an init, and what the bed itself calls inside. */
const BASE_PACKAGES = ["systemd", "systemd-sysv", "iproute2", "procps", "kmod"];
/** Timers and helpers that have no job in a machine that lives for minutes. */
const BASE_MASKED = [
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "systemd-sysctl.service",
  "console-getty.service",
];
const FORMAT = 1;

/**
 * The tree's directory, built first when no earlier run has left it. Delete the directory to have it built anew.
 * @throws BedUnavailable when no mirror is known, ExecaError when a package cannot be installed
 */
export async function buildTree(spec: TreeSpec): Promise<string> {
  const release = spec.release ?? (await hostRelease());
  const packages = [...new Set([...BASE_PACKAGES, ...spec.packages])].sort();
  const masked = [...new Set([...BASE_MASKED, ...(spec.masked ?? [])])].sort();
  const key = createHash("sha256")
    .update(JSON.stringify({ FORMAT, release, packages, masked }))
    .digest("hex");
  const tree = join(cacheDirectory(), `bed-${key.slice(0, 16)}`);
  if (!(await isThere(tree))) await build(tree, release, packages, masked);
  return tree;
}

async function build(tree: string, release: string, packages: string[], masked: string[]): Promise<void> {
  process.stderr.write(`bed: building a Debian ${release} tree in ${tree} (once, one to two minutes)\n`);
  const unfinished = `${tree}.${randomUUID()}.tmp`;
  await mkdir(cacheDirectory(), { recursive: true });
  try {
    const options = ["--variant=minbase", "--skip=check/empty", "--format=directory", "--quiet"];
    const args = [...options, `--include=${packages.join(",")}`, release, unfinished, "-"];
    await host("mmdebstrap", args, { input: await sourceList(release), timeoutMs: 900_000 });
    await maskUnits(unfinished, masked);
    await rename(unfinished, tree);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Somebody else may have finished the same tree first: theirs is as good.
    if (!(await isThere(tree))) throw error;
  }
}

async function maskUnits(tree: string, units: readonly string[]): Promise<void> {
  const directory = join(tree, "etc/systemd/system");
  await mkdir(directory, { recursive: true });
  for (const unit of units) {
    await rm(join(directory, unit), { force: true });
    await symlink("/dev/null", join(directory, unit));
  }
  // An empty id would make the first boot apply presets and enable what is masked or disabled here.
  await writeFile(join(tree, "etc/machine-id"), `${randomUUID().replaceAll("-", "")}\n`);
}

/** The host's own Debian mirrors of a release, as lines of a sources.list. */
async function sourceList(release: string): Promise<string> {
  const format = "$(ORIGIN)|$(CODENAME)|deb $(REPO_URI) $(RELEASE) $(COMPONENT)";
  const targets = await host("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  const lines = new Set<string>();
  for (const target of targets.split("\n")) {
    const [origin, codename, line] = target.split("|");
    if (origin === "Debian" && line && codename?.replace(/-.*/, "") === release) lines.add(line);
  }
  if (lines.size === 0) {
    throw new BedUnavailable(
      `apt knows no Debian ${release} mirror here: check its sources, run apt-get update`,
    );
  }
  return `${[...lines].join("\n")}\n`;
}

async function hostRelease(): Promise<string> {
  const osRelease = await readFile("/etc/os-release", "utf8");
  const [, id] = /^ID=(.*)$/m.exec(osRelease) ?? [];
  const [, codename] = /^VERSION_CODENAME=(.*)$/m.exec(osRelease) ?? [];
  if (id !== "debian" || !codename)
    throw new BedUnavailable("a bed is built from a Debian host's own mirrors");
  return codename;
}
