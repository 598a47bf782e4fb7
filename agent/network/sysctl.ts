/** Kernel settings inside the namespace. */
import { AgentError } from "../errors.ts";
import type { Logger } from "../system/logger.ts";
import type { Netns } from "./netns.ts";
import { parseSettings } from "./parse-sysctl.ts";

/** Setting to value, for example `net.ipv4.ip_forward` to 1. */
export type Settings = Readonly<Record<string, number | string>>;

/**
 * Sets what the kernel knows of `settings`, with one process.
 * @throws AgentError `commandFailed` when a value was refused
 */
export async function writeSettings(netns: Netns, settings: Settings): Promise<void> {
  const words = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  const { exitCode, output } = await netns.exec("sysctl", ["-q", "-e", "-w", ...words]);
  if (exitCode === 0) return;
  throw new AgentError("commandFailed", "cannot change kernel settings in the namespace", {
    details: output.trim(),
  });
}

/**
 * Values of those of `names` that the kernel knows, with one process.
 * @throws AgentError `commandFailed` when sysctl cannot be run in the namespace
 */
export async function readSettings(netns: Netns, names: readonly string[]): Promise<Map<string, string>> {
  const { stdout } = await netns.exec("sysctl", ["-e", ...names]);
  return parseSettings(stdout);
}

/** As `writeSettings`, for settings without which things are slower or less tidy: a refusal is only logged. */
export async function tuneSettings(netns: Netns, settings: Settings, logger: Logger): Promise<void> {
  try {
    await writeSettings(netns, settings);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    logger.warn(
      { event: "network.sysctl.refused", settings, said: error.details },
      "kernel settings could not be changed; going on without them",
    );
  }
}

/**
 * For a link that is about to come up. Duplicate address detection then starts at once and not after up to
 * a second (net/ipv6/addrconf.c takes the random delay from this setting); and, with `promote_secondaries`, an
 * address that takes over from another of its subnet survives the other's deletion.
 */
export function linkSettings(device: string): Settings {
  return { [sysctlKey("ipv6", device, "router_solicitation_delay")]: 0, ...NAMESPACE_WIDE };
}

/**
 * For the whole namespace, set with each link. HAProxy (2.6) hands its IPv6 listeners from the old worker to the
 * new one only where `bindv6only` says that sockets are for IPv6 alone; otherwise a reload binds new ones, and
 * connections that wait in the old ones are reset. Nothing in here listens for both families with one socket.
 */
export const NAMESPACE_WIDE: Settings = {
  "net.ipv4.conf.all.promote_secondaries": 1,
  "net.ipv6.bindv6only": 1,
};

/** docs/contract/network.md, 4.8. 2: router advertisements count although the namespace forwards. */
export function slaacSettings(device: string, accept: 0 | 2): Settings {
  return {
    [sysctlKey("ipv6", device, "accept_ra")]: accept,
    [sysctlKey("ipv6", device, "autoconf")]: accept === 0 ? 0 : 1,
  };
}

/** sysctl(8): a dot in an interface name is written as a slash. */
export function sysctlKey(family: "ipv4" | "ipv6", device: string, name: string): string {
  return `net.${family}.conf.${device.replaceAll(".", "/")}.${name}`;
}
