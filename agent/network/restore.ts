/** The job of `amphora-netns.service` (docs/contract/network.md, section 6). Every step may fail; each failure is logged. */
import { NAMESPACE } from "../config/paths.ts";
import { AgentError, asError } from "../errors.ts";
import type { Logger } from "../system/logger.ts";
import type { Try } from "../system/run.ts";
import { createNamespace, type Netns } from "./netns.ts";
import { parsePlugged } from "./parse-plugged.ts";
import { readHostLinks } from "./read-state.ts";
import { NAMESPACE_WIDE, type Settings } from "./sysctl.ts";

export interface RestoreOptions {
  readonly run: Try;
  readonly netns: Netns;
  readonly logger: Logger;
  /** Text of the list of plugged ports. */
  readonly readPlugged: () => Promise<string | undefined>;
  /** `amphora-interface up all`. */
  readonly bringAllUp: () => Promise<void>;
}

/** The number of buckets can be set outside only; the namespace takes it over. */
const HOST_SETTINGS: Settings = {
  "net.netfilter.nf_conntrack_buckets": 125_000,
  "net.netfilter.nf_conntrack_max": 125_000,
  "net.netfilter.nf_conntrack_expect_max": 488,
};

export const NAMESPACE_SETTINGS: Settings = {
  "net.ipv4.ip_forward": 1,
  "net.ipv4.vs.conntrack": 1,
  "net.ipv6.conf.all.forwarding": 1,
  "net.ipv4.vs.expire_nodest_conn": 1,
  "net.ipv4.vs.expire_quiescent_template": 1,
  ...NAMESPACE_WIDE,
};

/** Creates the namespace, sets the kernel up, moves plugged links in by MAC and brings all interfaces up. */
export async function restoreNetwork(options: RestoreOptions): Promise<void> {
  const { run, netns, logger } = options;
  const step = async (name: string, job: () => Promise<void>): Promise<void> => {
    try {
      await job();
    } catch (error) {
      const details = error instanceof AgentError ? error.details : undefined;
      logger.warn(
        { event: "network.restore.failed", step: name, said: details, err: asError(error) },
        "a step of restoring the network failed; going on",
      );
    }
  };
  await step("create the namespace", () => createNamespace(run));
  await step("system settings", () => succeed(netns.exec("sysctl", ["-q", "--system"])));
  await step("load ip_vs", () => succeed(netns.exec("modprobe", ["ip_vs"])));
  await step("connection tracking", () =>
    succeed(run("sysctl", ["-q", "-w", ...assignments(HOST_SETTINGS)])),
  );
  await step("namespace settings", () =>
    succeed(netns.exec("sysctl", ["-q", "-w", ...assignments(NAMESPACE_SETTINGS)])),
  );
  await step("move plugged links", () => moveLinks(options));
  await step("bring interfaces up", options.bringAllUp);
}

/** Moves a link of the host into the namespace under its name there. @throws AgentError `commandFailed` */
export async function moveLink(run: Try, from: string, name: string): Promise<void> {
  await succeed(run("ip", ["link", "set", "dev", from, "netns", NAMESPACE, "name", name]));
}

/** @throws AgentError `internal` or a system error when the host's links cannot be read */
export async function moveLinks({
  run,
  readPlugged,
  logger,
}: Pick<RestoreOptions, "run" | "readPlugged" | "logger">): Promise<void> {
  const ports = parsePlugged((await readPlugged()) ?? "");
  const links = ports.length === 0 ? [] : await readHostLinks(run);
  for (const { mac, name } of ports) {
    const link = links.find((candidate) => candidate.mac === mac);
    if (!link) continue;
    try {
      await moveLink(run, link.name, name);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      logger.warn(
        { event: "network.move.failed", mac, interface: name, said: error.message },
        "a plugged link could not be moved into the namespace",
      );
    }
  }
}

function assignments(settings: Settings): string[] {
  return Object.entries(settings).map(([key, value]) => `${key}=${value}`);
}

async function succeed(running: ReturnType<Try>): Promise<void> {
  const { exitCode, output } = await running;
  if (exitCode !== 0) throw new AgentError("commandFailed", output.trim() || `exit code ${exitCode}`);
}
