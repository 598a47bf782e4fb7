/** A load balancer with checked members, its VIP, and `amphora status` as an operator runs it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import process from "node:process";
import type { Status } from "../../agent/status/types.ts";
import type { Daemon } from "./daemon.ts";
import { VIP } from "./loadbalancer-host.ts";

export const LOAD_BALANCER = "99999999-9999-4999-8999-999999999999";
export const LISTENER = "11111111-1111-4111-8111-111111111111";
export const POOL = "22222222-2222-4222-8222-222222222222";
export const GOOD_MEMBER = "33333333-0000-4333-8333-333333333333";
export const OTHER_MEMBER = "33333333-1111-4333-8333-333333333333";
const MAIN = new URL("../../agent/cli/main.ts", import.meta.url).pathname;

/** @param otherMember - `address:port` of the second member */
export function aConfig(otherMember: string): string {
  return `global
    daemon
    maxconn 1000
    stats socket /var/lib/octavia/${LOAD_BALANCER}.sock mode 0666 level user

defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s

frontend ${LISTENER}
    maxconn 500
    bind ${VIP}:80
    mode http
    default_backend ${POOL}:${LISTENER}

backend ${POOL}:${LISTENER}
    mode http
    server ${GOOD_MEMBER} 10.0.0.10:8080 weight 1 check inter 200ms fall 1 rise 1
    server ${OTHER_MEMBER} ${otherMember} weight 1 check inter 200ms fall 1 rise 1
`;
}

export async function deploy({ client }: Daemon, otherMember: string): Promise<void> {
  for (const [path, body] of [
    [`/1.0/loadbalancer/amphora/${LOAD_BALANCER}/haproxy`, aConfig(otherMember)],
    [`/1.0/loadbalancer/${LOAD_BALANCER}/reload`, ""],
  ] as const) {
    const { status, body: text } = await client.ask("PUT", path, { body });
    if (status !== 202) throw new Error(`${path}: ${status} ${text}`);
  }
}

/** As the agent writes it when the VIP is plugged. */
export async function writeVipFile(): Promise<void> {
  await mkdir("/etc/octavia/interfaces", { recursive: true });
  const file = {
    name: "eth1",
    if_type: "vip",
    addresses: [{ address: VIP, prefixlen: 24, octavia_owned: true }],
    routes: [
      { dst: "0.0.0.0/0", gateway: "203.0.113.1", flags: ["onlink"], table: 1 },
      { dst: "203.0.113.0/24", scope: "link", table: 1 },
    ],
    rules: [],
    scripts: { up: [], down: [] },
  };
  await writeFile("/etc/octavia/interfaces/eth1.json", JSON.stringify(file));
}

export interface Run {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

export async function amphora(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const child = spawn(process.execPath, [MAIN, ...words], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode: exitCode ?? -1, output, errors };
}

export async function readStatus(): Promise<Status & { readonly exitCode: number }> {
  const { exitCode, output, errors } = await amphora(["status", "--json"]);
  if (!output.startsWith("{")) throw new Error(`amphora status: ${exitCode} ${errors}`);
  return { ...(JSON.parse(output) as Status), exitCode };
}
