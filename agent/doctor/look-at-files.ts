/** Checks of what is on this machine: files, units, clock. */

import { dirname } from "node:path";
import type { Config } from "../config/types.ts";
import { AgentError } from "../errors.ts";
import { groupFileArguments } from "../loadbalancer/group-file.ts";
import { layoutOf } from "../loadbalancer/layout.ts";
import { listLoadBalancers } from "../loadbalancer/list.ts";
import { readOutlook } from "../loadbalancer/runtime/read-comparison.ts";
import type { LoadBalancerId } from "../loadbalancer/types.ts";
import { peerName } from "../peer-name.ts";
import type { Facts, LoadBalancerFacts } from "../status/facts.ts";
import { readServices } from "../supervisor/read-services.ts";
import { unitName } from "../supervisor/service-name.ts";
import { readDisk } from "../system/disk.ts";
import { modifiedNs } from "../system/file-stamp.ts";
import { readIfPresent } from "../system/files.ts";
import { run, tryRun } from "../system/run.ts";
import { isSystemdInit } from "../system/systemd.ts";
import { type CertificateFile, judgeCertificates } from "./judge-certificates.ts";
import { judgeClock } from "./judge-clock.ts";
import { judgeConfigurations, type StoredConfig } from "./judge-configuration.ts";
import { type Directory, judgeFiles } from "./judge-files.ts";
import { judgeUnits } from "./judge-units.ts";
import { isKeyOfCertificate } from "./parse-identity.ts";
import type { Check } from "./run-checks.ts";

export interface FileParts {
  readonly facts: Facts;
  readonly config: Config;
}

const UNITS = ["amphora-agent.service", "amphora-netns.service"];
const PROPERTIES = "--property=Id,ActiveState,SubState,Result";
const VALIDATION_TIMEOUT_MS = 9_000;

export function fileChecks({ facts, config }: FileParts): Check[] {
  return [
    {
      name: "certificates",
      run: async () => judgeCertificates(await readCertificateFiles(facts), facts.now),
    },
    { name: "clock", run: async (signal) => judgeClock(await readTimeProperties(signal)) },
    { name: "files", run: async () => judgeFiles(await readDirectories(config)) },
    {
      name: "configuration",
      run: async (signal) =>
        judgeConfigurations(await readConfigs(facts, config, signal), facts.now.getTime()),
    },
    { name: "units", run: async (signal) => judgeUnits(await readUnits(config, signal)) },
  ];
}

/** Those that the status could read; it tells of the others. */
async function readCertificateFiles({ certificates }: Facts): Promise<CertificateFile[]> {
  const found = await Promise.all(
    certificates.map(async ({ file, usedBy, content }): Promise<CertificateFile[]> => {
      if (!("value" in content)) return [];
      const pem = (await readIfPresent(file))?.toString("latin1") ?? "";
      const { notBefore } = content.value;
      return [{ file, usedBy, notBefore, keyMatches: isKeyOfCertificate(pem) }];
    }),
  );
  return found.flat();
}

async function readTimeProperties(signal: AbortSignal): Promise<string | undefined> {
  if (!(await isSystemdInit())) return undefined;
  // Each by itself: unlike systemctl, it takes no list.
  return run("timedatectl", ["show", "--property=NTP", "--property=NTPSynchronized"], { signal });
}

/** The load balancers' own directory is the status's. */
async function readDirectories(config: Config): Promise<Directory[]> {
  const paths = new Set([config.basePath, dirname(config.file), config.agentServerNetworkDir, "/var/log"]);
  const found = await Promise.all([...paths].map(async (path) => ({ path, ...(await readDisk(path)) })));
  return found.filter(({ path, readOnly, availableBytes }) =>
    path === config.basePath ? !readOnly && availableBytes > 0 : true,
  );
}

async function readUnits({ basePath }: Config, signal: AbortSignal): Promise<string> {
  if (!(await isSystemdInit())) return "";
  const units = [...UNITS, ...(await readServices(basePath)).map(unitName)];
  return run("systemctl", ["show", PROPERTIES, "--", ...units], { signal });
}

async function readConfigs(facts: Facts, config: Config, signal: AbortSignal): Promise<StoredConfig[]> {
  const known = "value" in facts.loadBalancers ? facts.loadBalancers.value : [];
  const ids = await listLoadBalancers(config.basePath);
  return Promise.all(
    ids.map((id) =>
      readConfig(
        id,
        known.find((one) => one.id === id),
        { facts, config },
        signal,
      ),
    ),
  );
}

async function readConfig(
  id: LoadBalancerId,
  known: LoadBalancerFacts | undefined,
  { facts, config }: FileParts,
  signal: AbortSignal,
): Promise<StoredConfig> {
  const { config: file, rejected } = layoutOf(config.basePath, id);
  const [modified, refused, pending, objection] = await Promise.all([
    modifiedNs(file),
    modifiedNs(rejected),
    readPending(config.basePath, id),
    objectionTo(file, config, signal),
  ]);
  const answer = known?.answer && "value" in known.answer ? known.answer.value : undefined;
  const uptime = answer?.uptimeSeconds;
  return {
    id,
    file,
    modifiedMs: milliseconds(modified ?? 0n),
    rejected: refused === undefined ? undefined : { file: rejected, modifiedMs: milliseconds(refused) },
    workerStartedMs: uptime === undefined ? undefined : facts.now.getTime() - uptime * 1_000,
    pending,
    objection,
  };
}

/** @returns undefined when it is not known what HAProxy runs */
async function readPending(basePath: string, id: LoadBalancerId): Promise<readonly string[] | undefined> {
  const outlook = await readOutlook(basePath, id).catch((error: unknown) => {
    if (error instanceof AgentError && error.code === "unavailable") return undefined;
    throw error;
  });
  if (outlook?.reload === "nothing") return [];
  return outlook?.changes.length ? outlook.changes : undefined;
}

/** @returns the first alert of HAProxy's, when it does not accept the file */
async function objectionTo(file: string, config: Config, signal: AbortSignal): Promise<string | undefined> {
  const { haproxyCmd, amphoraId } = config;
  const words = ["-c", "-L", peerName(amphoraId), "-f", file, ...(await groupFileArguments())];
  const { exitCode, output } = await tryRun(haproxyCmd, words, { timeoutMs: VALIDATION_TIMEOUT_MS, signal });
  if (exitCode === 0) return undefined;
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const alert = lines.find((line) => line.startsWith("[ALERT]")) ?? lines[0] ?? `exit code ${exitCode}`;
  return alert.replace(/^\[ALERT\]\s*\(\d+\) : (?:config : )?/, "");
}

function milliseconds(ns: bigint): number {
  return Number(ns / 1_000_000n);
}
