/** What a bed needs of the machine that it runs on, and the one way to run programs there. */
import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";

/** The bed cannot work on this machine. `message` says what it needs. */
export class BedUnavailable extends Error {
  override readonly name = "BedUnavailable";
}

/** Package of Debian that has each program. */
const PROGRAMS: Readonly<Record<string, string>> = {
  mmdebstrap: "mmdebstrap",
  "systemd-nspawn": "systemd-container",
  unshare: "util-linux",
  nsenter: "util-linux",
  setpriv: "util-linux",
  ip: "iproute2",
  bridge: "iproute2",
  openssl: "openssl",
};

/** @throws BedUnavailable when the machine is no Linux, the caller is not root, or a program is missing */
export async function requireHost(): Promise<void> {
  if (process.platform !== "linux") throw new BedUnavailable("a bed needs Linux");
  if (process.getuid?.() !== 0)
    throw new BedUnavailable("a bed needs root: it boots a systemd with its own cgroups");
  await requireCapabilities();
  const missing: string[] = [];
  for (const [program, packageName] of Object.entries(PROGRAMS)) {
    if (!(await isOnPath(program))) missing.push(`${program} (Debian package ${packageName})`);
  }
  if (missing.length > 0) throw new BedUnavailable(`a bed needs ${missing.join(", ")}`);
}

/** Root in a container often lacks them; capability numbers are those of capabilities(7). */
async function requireCapabilities(): Promise<void> {
  const status = await readFile("/proc/self/status", "utf8");
  const held = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  const lacking = Object.entries({ CAP_NET_ADMIN: 12n, CAP_SYS_ADMIN: 21n })
    .filter(([, bit]) => ((held >> bit) & 1n) === 0n)
    .map(([name]) => name);
  if (lacking.length > 0) {
    throw new BedUnavailable(
      `this container gives root no ${lacking.join(" and ")}, which booting a machine needs`,
    );
  }
}

async function isOnPath(program: string): Promise<boolean> {
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    try {
      await access(join(directory, program), constants.X_OK);
      return true;
    } catch {
      // Not in this directory: the next one decides.
    }
  }
  return false;
}

/** Where trees are kept between runs. */
export function cacheDirectory(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "amphora-agent");
}

/**
 * Runs a program that must succeed.
 * @returns its standard output
 * @throws ExecaError with the program's own words
 */
export async function host(
  file: string,
  args: readonly string[],
  options: { input?: string; timeoutMs?: number } = {},
): Promise<string> {
  const { stdout } = await execa(file, args, {
    input: options.input ?? "",
    timeout: options.timeoutMs ?? 60_000,
    env: { LC_ALL: "C" },
  });
  return stdout;
}

export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
