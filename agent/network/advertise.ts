/**
 * Announces addresses to their networks (docs/contract/network.md, section 8). IPv4: arping. IPv6: the kernel,
 * which announces all addresses of a link when it is told the link's address once more.
 */
import { AgentError } from "../errors.ts";
import { parseAddress } from "../parse-address.ts";
import type { Logger } from "../system/logger.ts";
import type { Netns } from "./netns.ts";
import { readAddresses, readLinks } from "./read-state.ts";
import { type Settings, sysctlKey, writeSettings } from "./sysctl.ts";
import type { Address, LinkAddress } from "./types.ts";

const NO_SUCH_PROGRAM = 127;
/** arping sends at once, then listens for a second. */
const ARPING_TIMEOUT_MS = 5_000;

export interface Advertiser {
  readonly netns: Netns;
  readonly logger: Logger;
}

/**
 * Sends one announcement per address, repeats left out. An address that no link has ends the list.
 * Never throws: failures are logged.
 */
export async function advertiseAddresses(advertiser: Advertiser, texts: readonly string[]): Promise<void> {
  const { netns, logger } = advertiser;
  try {
    const wanted = parseDistinct(texts);
    if (wanted.length === 0) return;
    const present = (await readAddresses(netns)) ?? [];
    const found = wanted.map((address) => present.find((item) => item.address === address.canonical));
    const firstMissing = found.indexOf(undefined);
    const targets = found.slice(0, firstMissing === -1 ? undefined : firstMissing);
    await sendAll(
      advertiser,
      targets.filter((item) => item !== undefined),
    );
  } catch (error) {
    logger.warn(
      { event: "network.advertise.failed", addresses: texts, err: error },
      "addresses were not announced",
    );
  }
}

async function sendAll(advertiser: Advertiser, targets: readonly LinkAddress[]): Promise<void> {
  const inet = targets.filter(({ family }) => family === 4);
  const inet6 = targets.filter(({ family }) => family === 6);
  const unsent = (await Promise.all(inet.map((target) => sendArp(advertiser, target)))).flat();
  await announceByKernel(advertiser, devicesOf(inet6), "ipv6", "ndisc_notify");
  await announceByKernel(advertiser, devicesOf(unsent), "ipv4", "arp_notify");
}

/** @returns the target again when there is no arping here */
async function sendArp({ netns, logger }: Advertiser, target: LinkAddress): Promise<LinkAddress[]> {
  const { device, address } = target;
  const args = ["-q", "-U", "-c", "1", "-I", device, address];
  const { exitCode, output } = await netns.exec("arping", args, { timeoutMs: ARPING_TIMEOUT_MS });
  if (exitCode === NO_SUCH_PROGRAM) {
    logger.warn(
      { event: "network.advertise.degraded", interface: device, address },
      "arping is missing, so the kernel announces the address with an empty target; install iputils-arping",
    );
    return [target];
  }
  if (exitCode === 0) return [];
  logger.warn(
    { event: "network.advertise.failed", interface: device, address, said: output.trim() },
    "an address was not announced",
  );
  return [];
}

/**
 * Setting a link's address, be it the same one, makes the kernel announce every address of the link where
 * `setting` says so (Linux, ip-sysctl.rst, arp_notify and ndisc_notify). The setting is taken back: when
 * plugging a VIP nothing is to be announced.
 */
async function announceByKernel(
  { netns }: Advertiser,
  devices: readonly string[],
  family: "ipv4" | "ipv6",
  setting: "arp_notify" | "ndisc_notify",
): Promise<void> {
  if (devices.length === 0) return;
  const links = (await readLinks(netns)) ?? [];
  const values = (value: number): Settings =>
    Object.fromEntries(devices.map((device) => [sysctlKey(family, device, setting), value]));
  await writeSettings(netns, values(1));
  try {
    for (const { name, mac } of links.filter((link) => devices.includes(link.name))) {
      const { exitCode, output } = await netns.ip(["link", "set", "dev", name, "address", mac]);
      if (exitCode === 0) continue;
      throw new AgentError("commandFailed", `the kernel did not announce the addresses of ${name}`, {
        details: output.trim(),
      });
    }
  } finally {
    await writeSettings(netns, values(0));
  }
}

function parseDistinct(texts: readonly string[]): Address[] {
  const addresses = texts.flatMap((text) => parseAddress(text) ?? []);
  return [...new Map(addresses.map((address) => [address.canonical, address])).values()];
}

function devicesOf(targets: readonly LinkAddress[]): string[] {
  return [...new Set(targets.map(({ device }) => device))];
}
