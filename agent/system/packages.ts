/** Versions of installed packages, read from the package database and remembered until it changes. */
import { readFile, stat } from "node:fs/promises";
import { AgentError, systemErrorCode } from "../errors.ts";
import type { Run } from "./run.ts";

export interface PackageDatabase {
  /** In the order of `names`; undefined for a package that is not installed. */
  versions(names: readonly string[]): Promise<(string | undefined)[]>;
}

const DPKG_STATUS = "/var/lib/dpkg/status";
const RPM_DATABASES = [
  "/usr/lib/sysimage/rpm/rpmdb.sqlite",
  "/var/lib/rpm/rpmdb.sqlite",
  "/var/lib/rpm/Packages",
];
const DPKG_DISTRIBUTIONS = new Set(["debian", "ubuntu"]);
const RPM_DISTRIBUTIONS = new Set(["fedora", "rhel", "rocky", "centos"]);

/**
 * Chooses by distribution, as upstream does; others make the agent refuse to start.
 * @throws AgentError `internal` naming the distribution
 * @see docs/contract/rest-api.md, R2
 */
export async function openPackageDatabase(run: Run): Promise<PackageDatabase> {
  const release = parseOsRelease((await readFile("/etc/os-release", "utf8")).toString());
  if (DPKG_DISTRIBUTIONS.has(release.id)) return remembered([DPKG_STATUS], dpkgVersions);
  if (RPM_DISTRIBUTIONS.has(release.id)) {
    return remembered(RPM_DATABASES, (names) => rpmVersions(run, names, release));
  }
  throw new AgentError("internal", `this distribution is not supported: ${release.id || "unknown"}`);
}

export interface Release {
  readonly id: string;
  readonly major: string;
}

/** @see os-release(5) */
export function parseOsRelease(text: string): Release {
  const field = (name: string) => new RegExp(`^${name}=["']?([^"'\\n]*)`, "m").exec(text)?.[1] ?? "";
  return { id: field("ID").toLowerCase(), major: field("VERSION_ID").split(".")[0] ?? "" };
}

/** Versions of installed packages in the text of dpkg's status file; removed ones have no `installed` status. */
export function parseDpkgStatus(status: Buffer, names: readonly string[]): (string | undefined)[] {
  return names.map((name) => {
    const start = status.indexOf(`\nPackage: ${name}\n`);
    if (start < 0) return undefined;
    const end = status.indexOf("\n\n", start);
    const paragraph = status.toString("utf8", start, end < 0 ? undefined : end);
    if (!/^Status: \S+ \S+ installed$/m.test(paragraph)) return undefined;
    return /^Version: (\S+)$/m.exec(paragraph)?.[1];
  });
}

async function dpkgVersions(names: readonly string[]): Promise<(string | undefined)[]> {
  const status = await readFile(DPKG_STATUS);
  // So that the first paragraph begins like every other one.
  return parseDpkgStatus(Buffer.concat([Buffer.from("\n"), status]), names);
}

async function rpmVersions(run: Run, names: readonly string[], release: Release) {
  const oldCentos = release.id === "centos" && release.major === "7";
  return Promise.all(
    names.map((name) => {
      const packageName = oldCentos && name === "haproxy" ? "haproxy18" : name;
      return run("rpm", ["-q", "--queryformat", "%{VERSION}", packageName]).catch((error: unknown) => {
        if (error instanceof AgentError && error.details?.includes("is not installed")) return undefined;
        throw error;
      });
    }),
  );
}

function remembered(
  databases: readonly string[],
  query: (names: readonly string[]) => Promise<(string | undefined)[]>,
): PackageDatabase {
  let known: { key: string; answer: Promise<(string | undefined)[]> } | undefined;
  return {
    async versions(names) {
      const key = `${names.join()} ${await stampOf(databases)}`;
      if (known?.key !== key) known = { key, answer: query(names) };
      const { answer } = known;
      answer.catch(() => {
        if (known?.answer === answer) known = undefined;
      });
      return answer;
    },
  };
}

/** Changes whenever a database is replaced or written. */
async function stampOf(databases: readonly string[]): Promise<string> {
  for (const path of databases) {
    try {
      const { mtimeMs, size, ino } = await stat(path);
      return `${mtimeMs}-${size}-${ino}`;
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") throw error;
    }
  }
  return "none";
}
