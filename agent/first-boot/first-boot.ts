/**
 * What an image does when an instance boots for the first time, from its config drive: files, network, names and
 * keys. Later boots find everything in place: controllers have changed some of it since. It is part of the agent's
 * start: a program of its own would cost a sixth of the time from power-on to the first answer.
 */
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AgentError } from "../errors.ts";
import { isPresent, makeDirectory, readIfPresent, replaceFile, replaceLink } from "../system/files.ts";
import { writeKernelFile } from "../system/kernel-file.ts";
import { runBriefly } from "../system/run-briefly.ts";
import { parseMetaData } from "./parse-meta-data.ts";
import { parseUserData } from "./parse-user-data.ts";
import { planNetwork } from "./plan-network.ts";
import type { DriveFile, MetaData } from "./types.ts";

/** Upper case where the drive's file system knows no other. */
const DRIVES = ["config-2", "CONFIG-2"].map((label) => `/dev/disk/by-label/${label}`);
const MOUNT_POINT = "/run/amphora/config-drive";
/** Tells the image's units that the network is described, and spares an agent that starts again all of this. */
const DONE = "/run/amphora/configured";
/** Holds the id of the instance that this disk was last set up for. */
const INSTANCE_FILE = "/var/lib/amphora/instance-id";
const NETWORK_DIRECTORY = "/etc/systemd/network";
const AUTHORIZED_KEYS = "/root/.ssh/authorized_keys";
/** The kernel finds slow buses' disks seconds after the rest. */
const WAIT_MS = 20_000;
const POLL_MS = 20;

/**
 * @param report - takes a sentence for whoever reads the log
 * @throws AgentError `notFound` when an instance that was never set up has no config drive, `invalidInput` when what
 * is on it is not understood
 */
export async function firstBoot(report: (sentence: string) => void): Promise<void> {
  if (await isPresent(DONE)) return;
  await setUpOnce(report);
  await replaceFile(DONE, "", 0o644);
}

async function setUpOnce(report: (sentence: string) => void): Promise<void> {
  const known = (await readIfPresent(INSTANCE_FILE))?.toString().trim();
  const device = await findDrive(known === undefined ? WAIT_MS : 0);
  if (device === undefined) {
    if (known === undefined)
      throw new AgentError("notFound", "no config drive: no disk is labelled config-2");
    report("no config drive; everything stays as it is");
    return;
  }
  await makeDirectory(MOUNT_POINT);
  await runBriefly("mount", ["-o", "ro,nosuid,nodev,noexec", device, MOUNT_POINT]);
  try {
    const meta = parseMetaData(await driveFile("latest/meta_data.json"));
    if (meta.instanceId === known) {
      report("this instance is set up already; everything stays as it is");
      return;
    }
    await setUp(meta, report);
  } finally {
    await runBriefly("umount", [MOUNT_POINT]);
  }
}

async function setUp(meta: MetaData, report: (sentence: string) => void): Promise<void> {
  // All is read and understood before anything is written.
  const user = parseUserData((await optionalDriveFile("latest/user_data")) ?? "");
  const networkData = await optionalDriveFile("latest/network_data.json");
  const network = networkData === undefined ? [] : planNetwork(networkData);
  const personality = await Promise.all(
    meta.files.map(async ({ path, contentPath }) => plainFile(path, await driveBytes(contentPath))),
  );
  for (const file of [...personality, ...user.files]) {
    await writeDriveFile(file);
    report(`wrote ${file.path}, ${file.content.length} bytes`);
  }
  for (const { name, text } of network) await replaceFile(join(NETWORK_DIRECTORY, name), text, 0o644);
  report(`network: ${network.length} links from the config drive`);
  if (meta.hostname !== undefined) {
    await replaceFile("/etc/hostname", `${meta.hostname}\n`, 0o644);
    await writeKernelFile("/proc/sys/kernel/hostname", meta.hostname);
  }
  if (meta.publicKeys.length > 0) {
    await makeDirectory(dirname(AUTHORIZED_KEYS), 0o700);
    await replaceFile(AUTHORIZED_KEYS, `${meta.publicKeys.map((key) => key.trim()).join("\n")}\n`, 0o600);
  }
  if (user.timezone !== undefined) await setTimezone(user.timezone, report);
  for (const asked of user.ignored) report(`user_data asks for what is not done here: ${asked}`);
  await makeDirectory(dirname(INSTANCE_FILE));
  await replaceFile(INSTANCE_FILE, `${meta.instanceId}\n`, 0o644);
}

function plainFile(path: string, content: Buffer): DriveFile {
  return { path, content, mode: undefined, owner: "root:root", append: false };
}

async function writeDriveFile({ path, content, mode, owner, append }: DriveFile): Promise<void> {
  await makeDirectory(dirname(path));
  const before = append ? ((await readIfPresent(path)) ?? Buffer.alloc(0)) : Buffer.alloc(0);
  // The agent's configuration holds the heartbeat key, its certificate a private one.
  await replaceFile(
    path,
    Buffer.concat([before, content]),
    mode ?? (path.startsWith("/etc/octavia/") ? 0o600 : 0o644),
  );
  if (owner !== "root:root" && owner !== "root") await runBriefly("chown", ["--", owner, path]);
}

async function setTimezone(zone: string, report: (sentence: string) => void): Promise<void> {
  const file = `/usr/share/zoneinfo/${zone}`;
  if (/^[\w+-]+(\/[\w+-]+)*$/.test(zone) && (await isPresent(file)))
    await replaceLink(file, "/etc/localtime");
  else report(`time zone ${zone} is not known`);
}

async function findDrive(waitMs: number): Promise<string | undefined> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    for (const device of DRIVES) if (await isPresent(device)) return device;
    if (performance.now() >= deadline) return undefined;
    await delay(POLL_MS);
  }
}

async function driveFile(path: string): Promise<string> {
  return (await driveBytes(path)).toString();
}

async function optionalDriveFile(path: string): Promise<string | undefined> {
  return (await readIfPresent(join(MOUNT_POINT, "openstack", path)))?.toString();
}

async function driveBytes(path: string): Promise<Buffer> {
  const bytes = await readIfPresent(join(MOUNT_POINT, "openstack", path));
  if (bytes === undefined) throw new AgentError("notFound", `the config drive has no openstack/${path}`);
  return bytes;
}
