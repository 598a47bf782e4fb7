/**
 * Looks at everything that a status says. What fails is noted in place of what it would have found, so that the rest
 * is told all the same; nothing is changed.
 */
import { availableParallelism, hostname, loadavg, uptime } from "node:os";
import type { Config } from "../config/types.ts";
import { interfaceFiles } from "../network/interface-files.ts";
import { namespaceFromRoot, readOutput } from "../network/netns.ts";
import { parseVips } from "../network/parse-interface.ts";
import { readDisk } from "../system/disk.ts";
import { readIfPresent, replaceFile } from "../system/files.ts";
import { parseKilobytes } from "../system/machine.ts";
import { openPackageDatabase } from "../system/packages.ts";
import { run, tryRun } from "../system/run.ts";
import { API_VERSIONS, programVersion } from "../versions.ts";
import { attempt } from "./attempt.ts";
import type { AgentAnswer, Facts } from "./facts.ts";
import { type FoundInterface, parseInterfaces } from "./parse-interfaces.ts";
import { readCertificates } from "./read-certificates.ts";
import { readLoadBalancers } from "./read-haproxy.ts";
import { readLvs, readVrrp } from "./read-keepalived.ts";
import { readLimits } from "./read-limits.ts";

export interface FactSources {
  /** The configuration in force, as far as the agent tells. @throws what keeps it from being used */
  readonly config: (agent: AgentAnswer) => Promise<Config>;
  /** Used for places of files where the configuration cannot be. */
  readonly defaults: Config;
  readonly askAgent: () => Promise<AgentAnswer>;
}

/** Takes at most some seconds: whatever does not answer is waited for at the same time. */
export async function readFacts({ config: load, defaults, askAgent }: FactSources): Promise<Facts> {
  const agent = await askAgent();
  // What the agent said is compared with this, however long the rest takes.
  const now = new Date();
  const config = await attempt(() => load(agent));
  const used = "value" in config ? config.value : defaults;
  const agentVrrp = agent.state === "running" ? agent.report.vrrp : undefined;
  const [packages, machine, disk, limits, vrrp, plugged, interfaces, loadBalancers, lvs, certificates] =
    await Promise.all([
      attempt(readPackages),
      attempt(readMachine),
      attempt(() => readRoom(used)),
      attempt(() => readLimits(agent.state === "running" ? agent.report.pid : "self")),
      attempt(() => readVrrp(used.basePath, agentVrrp)),
      attempt(() => readPlugged(used)),
      attempt(readInterfaces),
      attempt(() => readLoadBalancers(used)),
      attempt(() => readLvs(used.basePath)),
      readCertificates(used),
    ]);
  return {
    now,
    hostname: hostname(),
    cpus: availableParallelism(),
    agentVersion: await programVersion(),
    apiVersions: API_VERSIONS,
    config,
    agent,
    packages,
    machine,
    disk,
    limits,
    vrrp,
    plugged,
    interfaces,
    loadBalancers,
    lvs,
    certificates,
  };
}

async function readPackages(): Promise<{ haproxy: string | undefined; keepalived: string | undefined }> {
  const database = await openPackageDatabase(run);
  const [haproxy, keepalived] = await database.versions(["haproxy", "keepalived"]);
  return { haproxy, keepalived };
}

async function readMachine() {
  const meminfo = (await readIfPresent("/proc/meminfo"))?.toString("latin1") ?? "";
  return {
    uptimeSeconds: Math.floor(uptime()),
    load: loadavg()[0] ?? 0,
    memory: {
      total_bytes: parseKilobytes(meminfo, "MemTotal") * 1024,
      available_bytes: parseKilobytes(meminfo, "MemAvailable") * 1024,
    },
  };
}

async function readRoom({ basePath }: Config) {
  const { totalBytes, availableBytes, readOnly } = await readDisk(basePath);
  return { total_bytes: totalBytes, available_bytes: availableBytes, readOnly };
}

async function readPlugged({ agentServerNetworkDir }: Config) {
  const all = await interfaceFiles(() => agentServerNetworkDir, replaceFile).readAll();
  const vips = all.flatMap((file) =>
    parseVips(file).map(({ address }) => ({ address: address.canonical, interface: file.name })),
  );
  return { interfaces: all.map(({ name }) => name), vips };
}

/** @returns undefined without a namespace */
async function readInterfaces(): Promise<FoundInterface[] | undefined> {
  const text = readOutput(await namespaceFromRoot(tryRun).ip(["-j", "addr", "show"]));
  return text === undefined ? undefined : parseInterfaces(text);
}
