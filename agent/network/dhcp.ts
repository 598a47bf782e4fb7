/** DHCP through dhclient (docs/contract/network.md, 4.8). */
import { AgentError } from "../errors.ts";
import { makeDirectory } from "../system/files.ts";
import { runningPid } from "../system/processes.ts";
import type { Netns } from "./netns.ts";

const LEASE_DIRECTORY = "/var/lib/dhclient";
/** Without a server dhclient goes on in the background after a minute; ended before, it would leave a child behind. */
const TIMEOUT_MS = 75_000;

/** Gets a lease; the client stays behind to renew it, and one that is there already does. @throws AgentError `commandFailed` */
export async function startDhcp(netns: Netns, device: string): Promise<void> {
  // It would refuse to start beside it.
  if ((await runningPid(pidFileOf(device), "dhclient")) !== undefined) return;
  await makeDirectory(LEASE_DIRECTORY);
  await runClient(netns, device, []);
}

/** Gives the lease back and ends the client. @throws AgentError `commandFailed` */
export async function releaseDhcp(netns: Netns, device: string): Promise<void> {
  await runClient(netns, device, ["-r"]);
}

async function runClient(netns: Netns, device: string, options: readonly string[]): Promise<void> {
  const files = ["-lf", `${LEASE_DIRECTORY}/dhclient-${device}.leases`, "-pf", pidFileOf(device)];
  const args = [...options, ...files, device];
  const { exitCode, output } = await netns.exec("/sbin/dhclient", args, { timeoutMs: TIMEOUT_MS });
  if (exitCode === 0) return;
  throw new AgentError("commandFailed", `dhclient failed on ${device} with exit code ${exitCode}`, {
    details: output.trim(),
  });
}

function pidFileOf(device: string): string {
  return `/run/dhclient-${device}.pid`;
}
