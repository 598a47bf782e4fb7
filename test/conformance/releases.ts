/** Releases of Octavia: Debian's, which the tree has, and those of the Python package index. */
import { randomUUID } from "node:crypto";
import { access, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { BedUnavailable, cacheDirectory } from "../bed/host.ts";

/** The release that Debian 12 has. */
export const ZED = "11.0.0";
/** Debian's own Python: what is installed with it on the host runs in a tree of the same Debian too. */
const HOST_PYTHON = "/usr/bin/python3";
const INSTALLED = "opt/octavia";

export interface Release {
  readonly version: string;
  /** Inside a tree that has `layers`. */
  readonly python: string;
  /** To be laid over the tree. */
  readonly layers: readonly string[];
}

/** Downloads and installs what is not there yet; needs the host's network. @throws BedUnavailable without Python, ExecaError with pip's words */
export async function prepareRelease(version: string): Promise<void> {
  if (version === ZED) return;
  const directory = directoryOf(version);
  if (await exists(directory)) return;
  if (!(await exists(HOST_PYTHON))) throw new BedUnavailable(`other releases need ${HOST_PYTHON} with venv`);
  process.stderr.write(`conformance: installing Octavia ${version} in ${directory} (once)\n`);
  const unfinished = `${directory}.${randomUUID()}.tmp`;
  await mkdir(unfinished, { recursive: true });
  try {
    // Named by the interpreter, never by its scripts, an environment works wherever it is moved.
    const environment = join(unfinished, INSTALLED);
    await execa(HOST_PYTHON, ["-m", "venv", environment], { timeout: 120_000 });
    const pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet"];
    // Recent releases import pyroute2 and do not say so.
    const packages = [`octavia==${version}`, "pyroute2"];
    await execa(join(environment, "bin/python"), [...pip, ...packages], { timeout: 900_000 });
    await rename(unfinished, directory);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Somebody else may have finished the same one first: theirs is as good.
    if (!(await exists(directory))) throw error;
  }
}

export function releaseOf(version: string): Release {
  if (version === ZED) return { version, python: "/usr/bin/python3", layers: [] };
  return { version, python: `/${INSTALLED}/bin/python`, layers: [directoryOf(version)] };
}

function directoryOf(version: string): string {
  return join(cacheDirectory(), `octavia-${version}`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
