/** What a bug report needs, in one archive, with secrets taken out. */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { AGENT_LOG_FILES } from "../config/paths.ts";
import type { Config } from "../config/types.ts";
import { AgentError, asError } from "../errors.ts";
import { layoutOf } from "../loadbalancer/layout.ts";
import { listLoadBalancers } from "../loadbalancer/list.ts";
import { lvsLayout } from "../lvs/layout.ts";
import { namespaceFromRoot } from "../network/netns.ts";
import type { Facts } from "../status/facts.ts";
import type { Status } from "../status/types.ts";
import { outputOf } from "../supervisor/output-of.ts";
import { readServices } from "../supervisor/read-services.ts";
import { unitName } from "../supervisor/service-name.ts";
import type { Service } from "../supervisor/types.ts";
import { filesIn, isFile, readIfPresent, replaceFile } from "../system/files.ts";
import { tryRun } from "../system/run.ts";
import { isSystemdInit } from "../system/systemd.ts";
import { ask } from "../system/unix-socket.ts";
import { vrrpLayout } from "../vrrp/layout.ts";
import { type ArchiveFile, encodeTar } from "./encode-tar.ts";
import { redact } from "./redact.ts";
import { renderDiagnosis } from "./render-diagnosis.ts";
import type { Diagnosis } from "./types.ts";

export interface ReportParts {
  readonly facts: Facts;
  readonly status: Status;
  readonly diagnosis: Diagnosis;
}

/** Where a text comes from. A failure is told in its place. */
interface Source {
  readonly name: string;
  readonly read: () => Promise<string>;
}

/** Only root reads it: what is no secret is a tenant's business all the same. */
const REPORT_MODE = 0o600;
const LOG_LINES = 1_000;
const COMMAND_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 5_000;
/** Of a log or an answer: the end of it. */
const LONGEST_TEXT = 2 * 1024 * 1024;
/** Not `show errors`, which has whole requests, nor `show sess`, which has clients. */
const RUNTIME_COMMANDS = ["show info", "show stat", "show servers state", "show activity"];

/** Replaces the file. @throws the system error of the writing */
export async function writeReport(path: string, parts: ReportParts): Promise<{ readonly sizeBytes: number }> {
  const archive = await encodeReport(parts);
  await replaceFile(path, archive, REPORT_MODE);
  return { sizeBytes: archive.length };
}

/** @returns a gzipped tar archive, its files in a directory of their own */
export async function encodeReport(parts: ReportParts): Promise<Buffer> {
  const { facts, status } = parts;
  const sources = [...summary(parts), ...(await collect(facts))];
  const secrets = await knownSecrets(facts);
  const directory = `amphora-${(status.amphora_id ?? status.hostname).slice(0, 36)}`;
  const files = await Promise.all(
    sources.map(async ({ name, read }): Promise<ArchiveFile> => {
      const text = await read().catch((error: unknown) => `not to be had: ${wordsOf(error)}\n`);
      return { name: `${directory}/${name}`, text: redact(text.slice(-LONGEST_TEXT), secrets) };
    }),
  );
  return promisify(gzip)(encodeTar(files, facts.now));
}

function summary({ status, diagnosis }: ReportParts): Source[] {
  const whole = { width: 120, colours: false, most: Number.POSITIVE_INFINITY };
  return [
    { name: "doctor.txt", read: async () => renderDiagnosis(diagnosis, whole) },
    { name: "doctor.json", read: async () => JSON.stringify(diagnosis, null, 2) },
    { name: "status.json", read: async () => JSON.stringify(status, null, 2) },
  ];
}

async function collect(facts: Facts): Promise<Source[]> {
  const config = "value" in facts.config ? facts.config.value : undefined;
  const services = config ? await readServices(config.basePath) : [];
  return [
    ...machineSources(),
    ...networkSources(),
    ...(config ? [...(await configSources(config)), ...(await haproxySources(config))] : []),
    ...(await logSources(services, config?.basePath)),
  ];
}

function machineSources(): Source[] {
  const files = ["meminfo", "loadavg", "mounts", "vmstat", "version", "cpuinfo"];
  return [
    ...files.map((name) => fileSource(`machine/${name}`, `/proc/${name}`)),
    fileSource("machine/os-release", "/etc/os-release"),
    commandSource("machine/processes", "ps", ["-eo", "pid,ppid,rss,pcpu,etimes,stat,comm"]),
    commandSource("machine/disk", "df", ["-h"]),
    commandSource("machine/haproxy-version", "haproxy", ["-vv"]),
    commandSource("machine/keepalived-version", "keepalived", ["--version"]),
  ];
}

function networkSources(): Source[] {
  const netns = namespaceFromRoot(tryRun);
  const inside = (name: string, args: readonly string[]): Source => ({
    name: `network/${name}`,
    read: async () => (await netns.ip(args)).output,
  });
  return [
    commandSource("network/host-addresses", "ip", ["addr"]),
    commandSource("network/host-routes", "ip", ["route", "show", "table", "all"]),
    inside("addresses", ["-s", "addr"]),
    inside("routes", ["route", "show", "table", "all"]),
    inside("routes-6", ["-6", "route", "show", "table", "all"]),
    inside("rules", ["rule"]),
    inside("rules-6", ["-6", "rule"]),
    inside("neighbours", ["neigh"]),
    {
      name: "network/firewall",
      read: async () =>
        (await netns.exec("nft", ["list", "ruleset"], { timeoutMs: COMMAND_TIMEOUT_MS })).output,
    },
    {
      name: "network/sockets",
      read: async () => (await netns.exec("ss", ["-s"], { timeoutMs: COMMAND_TIMEOUT_MS })).output,
    },
    {
      name: "network/virtual-services",
      read: async () =>
        (await netns.exec("cat", ["/proc/net/ip_vs"], { timeoutMs: COMMAND_TIMEOUT_MS })).output,
    },
  ];
}

async function configSources({ file, agentServerNetworkDir, basePath }: Config): Promise<Source[]> {
  const directory = agentServerNetworkDir.replace(/\/+$/, "");
  const interfaces = (await filesIn(directory)).filter((name) => name.endsWith(".json"));
  const vrrp = vrrpLayout(basePath);
  const services = await readServices(basePath);
  const lvs = services.flatMap((service) => (service.kind === "lvs" ? [service.id] : []));
  return [
    fileSource("configuration/amphora-agent.conf", file),
    ...interfaces.map((name) => fileSource(`configuration/interfaces/${name}`, `${directory}/${name}`)),
    ...((await isFile(vrrp.config))
      ? [
          fileSource("configuration/octavia-keepalived.conf", vrrp.config),
          fileSource("configuration/vrrp-roles.json", vrrp.roles),
          fileSource("configuration/haproxy_check_script.sh", vrrp.haproxyCheck),
        ]
      : []),
    ...lvs.map((id) => fileSource(`configuration/lvs/${id}.conf`, lvsLayout(basePath, id).config)),
  ];
}

async function haproxySources({ basePath }: Config): Promise<Source[]> {
  const ids = await listLoadBalancers(basePath);
  return ids.flatMap((id) => {
    const { config, rejected, socket, masterSocket } = layoutOf(basePath, id);
    const question = (command: string): Source => ({
      name: `haproxy/${id}/${command.replaceAll(" ", "-")}`,
      read: async () => (await ask(socket, command, { timeoutMs: SOCKET_TIMEOUT_MS })).toString("utf8"),
    });
    return [
      fileSource(`haproxy/${id}/haproxy.cfg`, config),
      fileSource(`haproxy/${id}/haproxy.cfg.new-failed`, rejected),
      ...RUNTIME_COMMANDS.map(question),
      {
        name: `haproxy/${id}/show-proc`,
        read: async () =>
          (await ask(masterSocket, "show proc;quit", { timeoutMs: SOCKET_TIMEOUT_MS })).toString("utf8"),
      },
    ];
  });
}

async function logSources(services: readonly Service[], basePath: string | undefined): Promise<Source[]> {
  const journal = (unit: string): Source =>
    commandSource(`log/${unit}`, "journalctl", ["--no-pager", `--lines=${LOG_LINES}`, `--unit=${unit}`]);
  if (await isSystemdInit()) {
    const units = ["amphora-agent.service", "amphora-netns.service", ...services.map(unitName)];
    return [
      commandSource("log/units", "systemctl", ["status", "--no-pager", "--", ...units]),
      ...units.map(journal),
    ];
  }
  return [
    ...AGENT_LOG_FILES.map((file) => tailSource(`log${file}`, file)),
    ...(basePath === undefined
      ? []
      : services.map((service) => tailSource(`log/${unitName(service)}`, outputOf(service, basePath)))),
  ];
}

function fileSource(name: string, path: string): Source {
  return { name, read: async () => (await readIfPresent(path))?.toString("utf8") ?? `there is no ${path}\n` };
}

function tailSource(name: string, path: string): Source {
  const { read } = fileSource(name, path);
  return { name, read: async () => (await read()).split("\n").slice(-LOG_LINES).join("\n") };
}

function commandSource(name: string, file: string, args: readonly string[]): Source {
  return { name, read: async () => (await tryRun(file, args, { timeoutMs: COMMAND_TIMEOUT_MS })).output };
}

/** Secrets that a log or an answer might quote without a name. */
async function knownSecrets({ config }: Facts): Promise<string[]> {
  if (!("value" in config)) return [];
  const { heartbeatKey, basePath } = config.value;
  const vrrp = (await readIfPresent(vrrpLayout(basePath).config))?.toString("utf8") ?? "";
  const passwords = Array.from(vrrp.matchAll(/^\s*auth_pass\s+(\S+)/gm), ([, word = ""]) => word);
  return [...(heartbeatKey === undefined ? [] : [heartbeatKey]), ...passwords];
}

function wordsOf(error: unknown): string {
  const details = error instanceof AgentError ? error.details : undefined;
  return [asError(error).message, details].filter(Boolean).join(": ");
}
