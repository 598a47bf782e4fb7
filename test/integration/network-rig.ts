/** A throwaway host with a network side: links as a hypervisor would plug them, their far ends in a namespace. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { promisify } from "node:util";
import { pino } from "pino";
import { parseConfig } from "../../agent/config/config-parse.ts";
import type { Config } from "../../agent/config/types.ts";
import { createNetwork } from "../../agent/network/network.ts";
import type { Network } from "../../agent/network/types.ts";
import { Exclusive } from "../../agent/supervisor/exclusive.ts";
import { replaceFile } from "../../agent/system/files.ts";
import { tryRun } from "../../agent/system/run.ts";

const exec = promisify(execFile);
/** Where the far ends of all links are. */
export const OUTSIDE = "outside";

export async function shell(command: string): Promise<string> {
  const { stdout } = await exec("bash", ["-c", command], { encoding: "utf8" });
  return stdout;
}

export interface LogLine {
  readonly event: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Rig {
  readonly network: Network;
  /** Every line that was logged. */
  readonly lines: LogLine[];
  /** Commands that were run, as one string each. */
  readonly commands: string[];
}

/** A network over real commands, with the log and the commands kept. */
export function createRig(settings: Partial<Config> = {}): Rig {
  const lines: LogLine[] = [];
  const commands: string[] = [];
  const { config } = parseConfig([], "/etc/octavia/amphora-agent.conf");
  const logger = pino(
    { level: "debug", base: null },
    { write: (line: string) => lines.push(JSON.parse(line) as LogLine) },
  );
  const network = createNetwork({
    config: () => ({ ...config, ...settings }),
    run: (file, args, options) => {
      commands.push([file, ...args].join(" "));
      return tryRun(file, args, options);
    },
    replaceFile,
    logger,
    exclusive: new Exclusive(),
  });
  return { network, lines, commands };
}

/**
 * Adds a link to the host, down, as a hot-plugged port is.
 * @param number - makes name and MAC unique
 * @param far - addresses of the far end, which is up
 */
export async function plugPort(
  number: number,
  far: readonly string[] = [],
): Promise<{ mac: string; far: string }> {
  const mac = `fa:16:3e:00:00:${number.toString(16).padStart(2, "0")}`;
  const farName = `far${number}`;
  await shell(`ip netns add ${OUTSIDE} 2>/dev/null || true
    ip link add port${number} address ${mac} type veth peer name ${farName} netns ${OUTSIDE}
    ip -n ${OUTSIDE} link set ${farName} up`);
  for (const address of far) {
    const nodad = address.includes(":") ? "nodad" : "";
    await shell(`ip -n ${OUTSIDE} addr add ${address} dev ${farName} ${nodad}`);
  }
  return { mac, far: farName };
}

/** Back to a host without a namespace, ports or files. */
export async function cleanHost(): Promise<void> {
  await shell(`ip netns del amphora-haproxy 2>/dev/null || true
    ip netns del ${OUTSIDE} 2>/dev/null || true
    rm -rf /etc/octavia/interfaces /var/lib/octavia/plugged_interfaces /var/lib/octavia/nftables-vip.rules
    for link in $(ls /sys/class/net | grep ^port); do ip link del $link; done`);
  await mkdir("/var/lib/octavia", { recursive: true });
}

/** Runs a command in the amphora's namespace. */
export function inside(command: string): Promise<string> {
  return shell(`ip netns exec amphora-haproxy ${command}`);
}

/** What iproute2 shows of the namespace: addresses, routes and rules, one line each, sorted. */
export async function dumpState(): Promise<string[]> {
  const commands = ["-o addr", "-4 route show table all", "-6 route show table all", "rule", "-6 rule"];
  const outputs = await Promise.all(commands.map((command) => shell(`ip -n amphora-haproxy ${command}`)));
  return outputs
    .flatMap((text) => text.split("\n"))
    .map((line) =>
      line
        .replace(/^\d+: (?=\w+ +inet)/, "")
        .replace(/\s+/g, " ")
        .trim(),
    )
    .filter((line) => line !== "" && !/fe80|multicast|anycast|broadcast/.test(line))
    .sort();
}

const captures: ChildProcess[] = [];

/** Frames that arrive at a far end from now on, as hexadecimal digits. */
export async function capture(device: string): Promise<string[]> {
  const frames: string[] = [];
  const child = spawn("ip", [
    "netns",
    "exec",
    OUTSIDE,
    "socat",
    "-d",
    "-d",
    "-u",
    "-x",
    `INTERFACE:${device}`,
    "/dev/null",
  ]);
  captures.push(child);
  let text = "";
  const ready = Promise.withResolvers<void>();
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    if (text.includes("starting data transfer loop")) ready.resolve();
    frames.splice(
      0,
      frames.length,
      ...[...text.matchAll(/^((?: [0-9a-f]{2})+)$/gm)].map(([, hex = ""]) => hex.replaceAll(" ", "")),
    );
  });
  child.on("error", ready.reject);
  await ready.promise;
  return frames;
}

export function endCaptures(): void {
  for (const child of captures) child.kill();
}
