/**
 * The room that machines are booted in: own network, mount and pid namespaces. The program that boots
 * machines runs inside itself, so its sockets reach them, and the kernel ends all of them with it.
 */
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { nameBed, removeGroups } from "./cgroup.ts";
import { cacheDirectory, host, requireHost } from "./host.ts";
import { buildTree, type TreeSpec } from "./tree.ts";

/** Set for the second run of a program, the one inside; its value names the bed. */
const INSIDE = "AMPHORA_BED";

export interface Lab {
  /** Names the bed's control groups. */
  readonly id: string;
  /** Private to the lab, in memory, gone with it. */
  readonly scratch: string;
  /** Creates a bridge in the lab's network and gives the lab's end of it `addresses` (with prefix length). */
  bridge(name: string, addresses: readonly string[]): Promise<void>;
}

/**
 * Called first by a program that boots machines. Outside the lab it builds the trees (that needs the
 * host's network), runs the same program again inside, and never returns: the process ends with the
 * inner one's exit code. Inside it returns the lab.
 * @param trees - what the program is going to boot
 * @param prepare - anything else to do outside first
 * @throws BedUnavailable when the host cannot run a bed
 */
export async function enterLab(trees: readonly TreeSpec[], prepare?: () => Promise<void>): Promise<Lab> {
  const id = process.env[INSIDE];
  if (id !== undefined) return furnish(id);
  await requireHost();
  for (const tree of trees) await buildTree(tree);
  await prepare?.();
  return process.exit(await runInside());
}

async function runInside(): Promise<number> {
  const bed = await nameBed();
  await removeGroups(bed);
  const namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  // setpriv: whatever kills us kills unshare, and the end of the pid namespace's first process ends all of it.
  const command = ["--pdeathsig", "KILL", "unshare", ...namespaces, process.execPath];
  const inner = spawn("setpriv", [...command, ...process.execArgv, ...process.argv.slice(1)], {
    stdio: "inherit",
    env: { ...process.env, [INSIDE]: bed },
  });
  const end = () => inner.kill("SIGKILL");
  process.once("SIGINT", end).once("SIGTERM", end).once("SIGHUP", end);
  const code = await new Promise<number>((resolve, reject) => {
    inner.once("error", reject);
    inner.once("exit", (exitCode) => resolve(exitCode ?? 1));
  });
  await removeGroups(bed);
  return code;
}

async function furnish(id: string): Promise<Lab> {
  const scratch = join(cacheDirectory(), "lab");
  await mkdir(scratch, { recursive: true });
  await host("mount", ["--make-rprivate", "/"]);
  await host("mount", ["-t", "tmpfs", "-o", "mode=0755", "amphora-bed", scratch]);
  // systemd-nspawn waits for udev, which nobody runs in here, unless /sys is read-only.
  await host("mount", ["-o", "remount,bind,ro", "/sys"]);
  await host("ip", ["link", "set", "lo", "up"]);
  return { id, scratch, bridge };
}

async function bridge(name: string, addresses: readonly string[]): Promise<void> {
  // Without one of its own a bridge has a port's, another one after that port is gone: machines would send to the old one.
  const mac = `02:${Buffer.from(name.padEnd(5).slice(0, 5)).toString("hex").match(/../g)?.join(":")}`;
  const options = ["stp_state", "0", "forward_delay", "0"];
  await host("ip", ["link", "add", name, "address", mac, "type", "bridge", ...options]);
  for (const address of addresses) await host("ip", ["address", "add", address, "dev", name, "nodad"]);
  await host("ip", ["link", "set", name, "up"]);
}
