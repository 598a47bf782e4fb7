/** What the sandbox needs of the machine, and how to get what is missing. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { tryRun } from "../system/run.ts";

/** Program to Debian package. */
const PROGRAMS: ReadonlyMap<string, string> = new Map([
  ["haproxy", "haproxy"],
  ["ip", "iproute2"],
  ["arping", "iputils-arping"],
  ["nft", "nftables"],
  ["sysctl", "procps"],
  ["unshare", "util-linux"],
  ["nsenter", "util-linux"],
  ["setpriv", "util-linux"],
]);

const DIRECTORIES = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const NAMESPACES = ["--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--mount-proc"];

/** @returns what is missing, in words that say what to do; empty when all is there */
export async function missingRequirements(): Promise<readonly string[]> {
  const packages = new Set<string>();
  for (const [program, name] of PROGRAMS) if (!(await isInstalled(program))) packages.add(name);
  if (packages.size > 0) {
    const names = [...packages].join(" ");
    return [`system packages are missing: ${names}`, `install them: apt-get install ${names}`];
  }
  return missingNamespaces();
}

async function isInstalled(program: string): Promise<boolean> {
  const found = DIRECTORIES.map((directory) => access(`${directory}/${program}`, constants.X_OK));
  return Promise.any(found).then(
    () => true,
    // Every directory said no.
    () => false,
  );
}

async function missingNamespaces(): Promise<readonly string[]> {
  const { exitCode, output } = await tryRun("unshare", [...NAMESPACES, "true"]);
  if (exitCode === 0) return [];
  return [
    `this machine does not let its users make namespaces: ${output.trim()}`,
    "one of these may forbid it: sysctl kernel.unprivileged_userns_clone (wants 1), user.max_user_namespaces",
    "(more than 0), kernel.apparmor_restrict_unprivileged_userns (wants 0); in a container: run it privileged",
  ];
}
