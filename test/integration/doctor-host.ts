/** A whole amphora on a throwaway host: a plugged VIP, a load balancer, members behind a router, and the doctor. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Diagnosis, Finding } from "../../agent/doctor/types.ts";
import { amphora } from "./command.ts";
import type { Daemon } from "./daemon.ts";
import { OUTSIDE, plugPort, shell } from "./network-rig.ts";

export const LOAD_BALANCER = "99999999-9999-4999-8999-999999999999";
export const LISTENER = "11111111-1111-4111-8111-111111111111";
export const POOL = "22222222-2222-4222-8222-222222222222";
export const MEMBERS = [
  { id: "33333333-0000-4333-8333-333333333333", address: "10.0.0.10" },
  { id: "33333333-1111-4333-8333-333333333333", address: "10.0.0.11" },
] as const;
export const VIP = "203.0.113.5";
const VRRP_ADDRESS = "203.0.113.6";
const GATEWAY = "203.0.113.1";
const NETWORK = "203.0.113.0/24";
const MTU = 1_450;
const MEMBER_PORT = 8080;
/** An examination takes four seconds. */
const LIMIT_MS = 60_000;
export const HAPROXY_CONFIG_FILE = `/var/lib/octavia/${LOAD_BALANCER}/haproxy.cfg`;

/** @param extra - lines for the backend */
export function aConfig(extra = ""): string {
  const servers = MEMBERS.map(({ id, address }) => `    server ${id} ${address}:${MEMBER_PORT} weight 1\n`);
  return `global
    daemon
    maxconn 1000
    stats socket /var/lib/octavia/${LOAD_BALANCER}.sock mode 0666 level user

defaults
    mode tcp
    timeout connect 1s
    timeout client 5s
    timeout server 5s

frontend ${LISTENER}
    bind ${VIP}:80
    mode tcp
    default_backend ${POOL}:${LISTENER}

backend ${POOL}:${LISTENER}
    mode tcp
${extra}${servers.join("")}`;
}

export interface Answerer {
  stop(): Promise<void>;
}

/** A member's program, on a machine behind the router. */
export async function startMember(address: string): Promise<Answerer> {
  const listen = `TCP-LISTEN:${MEMBER_PORT},bind=${address},reuseaddr,fork`;
  const words = ["netns", "exec", OUTSIDE, "socat", listen, "SYSTEM:cat"];
  const child: ChildProcess = spawn("ip", words, { stdio: "ignore" });
  await once(child, "spawn");
  await shell(
    `for i in $(seq 100); do ip netns exec ${OUTSIDE} ss -Hltn src ${address} | grep -q . && exit; sleep 0.05; done; exit 1`,
  );
  return {
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}

/** Plugs the VIP's port as a controller does; behind the router on its network are the members. */
export async function plugVip({ client }: Daemon): Promise<{ readonly far: string }> {
  const { mac, far } = await plugPort(1, [`${GATEWAY}/24`]);
  const addresses = MEMBERS.map(({ address }) => `ip -n ${OUTSIDE} addr add ${address}/32 dev lo`);
  await shell(
    `ip -n ${OUTSIDE} link set lo up; ip -n ${OUTSIDE} link set ${far} mtu ${MTU}; ${addresses.join(";")}`,
  );
  const body = {
    subnet_cidr: NETWORK,
    gateway: GATEWAY,
    mac_address: mac,
    vrrp_ip: VRRP_ADDRESS,
    mtu: MTU,
    host_routes: [],
  };
  const answer = await client.ask("POST", `/1.0/plug/vip/${VIP}`, {
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.status !== 202) throw new Error(`${answer.status} ${answer.body}`);
  return { far };
}

export async function upload({ client }: Daemon, text: string): Promise<number> {
  const path = `/1.0/loadbalancer/amphora/${LOAD_BALANCER}/haproxy`;
  return (await client.ask("PUT", path, { body: text })).status;
}

export async function act({ client }: Daemon, action: "start" | "stop" | "reload"): Promise<void> {
  const { status, body } = await client.ask("PUT", `/1.0/loadbalancer/${LOAD_BALANCER}/${action}`);
  if (status !== 202) throw new Error(`${action}: ${status} ${body}`);
}

export interface Examination extends Diagnosis {
  readonly exitCode: number | null;
}

export async function examine(): Promise<Examination> {
  const { exitCode, stdout, stderr } = await amphora("doctor", "--json");
  if (!stdout.startsWith("{")) throw new Error(`amphora doctor: ${exitCode} ${stderr}`);
  return { ...(JSON.parse(stdout) as Diagnosis), exitCode };
}

/**
 * Examines until one of the findings is as wanted, and none is of what was repaired before. Members may be out of
 * reach for many reasons.
 */
export async function findingWith(
  text: RegExp,
  repaired: readonly RegExp[] = [],
): Promise<Finding & { exitCode: number | null }> {
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    const { findings, exitCode } = await examine();
    const found = findings.find((finding) => text.test(finding.text));
    const isOver = findings.every(
      ({ check, text: other }) => check === "members" || !repaired.some((old) => old.test(other)),
    );
    if (found && isOver) return { ...found, exitCode };
    if (performance.now() < end) continue;
    throw new Error(`not found within ${LIMIT_MS} ms: ${text} in ${JSON.stringify(findings, null, 1)}`);
  }
}

/** Examines until nothing is wrong. */
export async function healthy(): Promise<Examination> {
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    const examination = await examine();
    if (examination.findings.length === 0) return examination;
    if (performance.now() < end) continue;
    throw new Error(`not healthy within ${LIMIT_MS} ms: ${JSON.stringify(examination.findings, null, 1)}`);
  }
}
