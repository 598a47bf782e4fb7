/**
 * The program's own files (templates/, scripts, package.json), by their path in the checkout: below its root on
 * disk, or inside the program where that is a single executable (scripts/build-binary.ts). This file stays
 * directly below `agent/`: one level up is the root from here and, bundled, from `dist/`.
 */
import { readdir, readFile } from "node:fs/promises";
import process from "node:process";
import { getAssetKeys, getRawAsset, isSea } from "node:sea";
import { fileURLToPath } from "node:url";

/** @throws the system error, or Error when the executable has no such file */
export async function readPackageFile(path: string): Promise<string> {
  if (isSea()) return embeddedFile(path);
  return readFile(packageUrl(path), "utf8");
}

/** @returns names of the files directly in a folder, which ends in `/` */
export async function listPackageFiles(folder: string): Promise<string[]> {
  if (!isSea()) return readdir(packageUrl(folder));
  const names = getAssetKeys().filter((key) => key.startsWith(folder));
  return names.map((key) => key.slice(folder.length)).filter((name) => !name.includes("/"));
}

/** A file of the executable, without a copy of its bytes beside the text. */
function embeddedFile(path: string): string {
  return Buffer.from(getRawAsset(path)).toString("utf8");
}

/** @throws Error in a single executable, whose files nobody else can open */
export function packagePath(path: string): string {
  if (isSea()) throw new Error(`${path} is used from a checkout only: there is no such file here`);
  return fileURLToPath(packageUrl(path));
}

/**
 * What a thread runs that is one of this program: `agent/<part>/worker.ts`, in the bundle `<part>-worker.js`.
 * @returns for `new Worker(program, { eval: isSea() })`
 */
export async function workerProgram(part: "metrics" | "doctor"): Promise<URL | string> {
  if (isSea()) return readPackageFile(`program/${part}-worker.js`);
  const file = import.meta.url.endsWith(".ts") ? `./${part}/worker.ts` : `./${part}-worker.js`;
  return new URL(file, import.meta.url);
}

/** What starts this program again, up to a command: from source, bundled, or as one executable. */
export function ownProgram(): readonly string[] {
  // Node adds its options to an executable of ours by itself, and a link's name would say which command to run.
  if (isSea()) return [process.execPath];
  return [process.execPath, ...process.execArgv, process.argv[1] ?? ""];
}

function packageUrl(path: string): URL {
  return new URL(path, new URL("../", import.meta.url));
}
