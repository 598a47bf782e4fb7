/** Facts about the machine for `GET /1.0/info` and `GET /1.0/details`: files are read, nothing is spawned. */
import { readFile, statfs } from "node:fs/promises";
import { availableParallelism, hostname } from "node:os";
import { readIfPresent } from "./files.ts";
import type { PackageDatabase } from "./packages.ts";

/** R2 without `api_version`, which the API adds. */
export interface PackageVersions {
  readonly hostname: string;
  readonly haproxy_version: string;
  readonly keepalived_version: string;
  readonly ipvsadm_version: string;
}

/** The machine's part of R3, names as on the wire. */
export interface MachineDetails {
  readonly cpu_count: number;
  readonly cpu: {
    readonly total: number;
    readonly user: string;
    readonly system: string;
    readonly soft_irq: string;
  };
  readonly memory: Readonly<
    Record<"total" | "free" | "buffers" | "cached" | "swap_used" | "shared" | "slab", number>
  >;
  readonly disk: { readonly used: number; readonly available: number };
  readonly load: readonly [string, string, string];
  readonly active_tuned_profiles: string;
}

export interface Machine {
  versions(): Promise<PackageVersions>;
  details(): Promise<MachineDetails>;
}

/** Said of a package that an amphora can do without; a missing HAProxy is an error. */
const ABSENT = "not installed";
const TUNED_PROFILE_FILE = "/etc/tuned/active_profile";

/** @see docs/contract/rest-api.md, R2 and R3 */
export function createMachine(packages: PackageDatabase): Machine {
  return {
    async versions() {
      const [haproxy, keepalived, ipvsadm] = await packages.versions(["haproxy", "keepalived", "ipvsadm"]);
      if (haproxy === undefined) throw new Error("the package haproxy is not installed");
      return {
        hostname: hostname(),
        haproxy_version: haproxy,
        keepalived_version: keepalived ?? ABSENT,
        ipvsadm_version: ipvsadm ?? ABSENT,
      };
    },
    async details() {
      const [stat, meminfo, loadavg, disk, profile] = await Promise.all([
        readFile("/proc/stat", "latin1"),
        readFile("/proc/meminfo", "latin1"),
        readFile("/proc/loadavg", "latin1"),
        statfs("/"),
        readIfPresent(TUNED_PROFILE_FILE),
      ]);
      return {
        cpu_count: availableParallelism(),
        cpu: parseCpu(stat),
        memory: parseMemory(meminfo),
        disk: {
          used: (disk.blocks - disk.bfree) * disk.bsize,
          available: disk.bavail * disk.bsize,
        },
        load: parseLoad(loadavg),
        active_tuned_profiles: profile?.toString("utf8").slice(0, 1024).trim() ?? "",
      };
    },
  };
}

/** First line of /proc/stat; proc_stat(5) orders it user, nice, system, idle, iowait, irq, softirq, ... */
export function parseCpu(stat: string): MachineDetails["cpu"] {
  const [line = ""] = stat.split("\n", 1);
  const columns = line.split(/\s+/).slice(1);
  const [user = "0", , system = "0", , , , softIrq = "0"] = columns;
  const total = columns.reduce((sum, column) => sum + Number(column), 0);
  return { total, user, system, soft_irq: softIrq };
}

/** Kilobytes, as /proc/meminfo has them. `swap_used` is SwapCached, as the controller has always been told. */
export function parseMemory(meminfo: string): MachineDetails["memory"] {
  const kilobytes = (name: string) => parseKilobytes(meminfo, name);
  return {
    total: kilobytes("MemTotal"),
    free: kilobytes("MemFree"),
    buffers: kilobytes("Buffers"),
    cached: kilobytes("Cached"),
    swap_used: kilobytes("SwapCached"),
    shared: kilobytes("Shmem"),
    slab: kilobytes("Slab"),
  };
}

/** One line of /proc/meminfo; 0 when it is not there. */
export function parseKilobytes(meminfo: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(meminfo)?.[1] ?? 0);
}

export function parseLoad(loadavg: string): MachineDetails["load"] {
  const [one = "0", five = "0", fifteen = "0"] = loadavg.split(" ");
  return [one, five, fifteen];
}
