/** A load balancer with a PROMETHEUS listener, as a controller configures it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { NAMESPACE_HANDLE } from "../../agent/config/paths.ts";
import type { Daemon } from "./daemon.ts";

export const LOAD_BALANCER = "99999999-9999-4999-8999-999999999999";
export const PROMETHEUS_LISTENER = "11111111-1111-4111-8111-111111111111";
export const LISTENER_PORT = 8088;
const MEMBERS_PER_POOL = 50;

export interface Shape {
  readonly prometheus: boolean;
  readonly servers: number;
  /** Of the PROMETHEUS listener; 127.0.0.1 unless given. */
  readonly address?: string;
}

export function aConfig({ prometheus, servers, address = "127.0.0.1" }: Shape): string {
  const pools = Array.from({ length: Math.ceil(servers / MEMBERS_PER_POOL) }, (_, pool) =>
    aPool(pool, Math.min(MEMBERS_PER_POOL, servers - pool * MEMBERS_PER_POOL)),
  );
  return `global
    daemon
    maxconn 4000
    stats socket /var/lib/octavia/${LOAD_BALANCER}.sock mode 0666 level user

defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
${prometheus ? prometheusListener(address) : ""}
${pools.join("\n")}
`;
}

const prometheusListener = (address: string): string => `
frontend prometheus-exporter-internal-endpoint
    mode http
    timeout client 50000
    bind 127.0.0.1:9101
    http-request use-service prometheus-exporter if { path /metrics }

backend prometheus-exporter-internal
    mode http
    balance first
    timeout connect 5000
    timeout server 5000
    server prometheus-internal 127.0.0.1:9102

frontend ${PROMETHEUS_LISTENER}
    mode http
    timeout client 50000
    bind ${address}:${LISTENER_PORT}
    default_backend prometheus-exporter-internal
`;

function aPool(pool: number, members: number): string {
  const listener = uuid(1, pool);
  const name = `${uuid(2, pool)}:${listener}`;
  const servers = Array.from(
    { length: members },
    (_, member) => `    server ${uuid(3, pool * MEMBERS_PER_POOL + member)} 127.1.${pool}.${member + 1}:1`,
  );
  return `frontend ${listener}
    mode http
    bind 127.0.0.1:${10_000 + pool}
    default_backend ${name}

backend ${name}
    mode http
${servers.join("\n")}
`;
}

function uuid(kind: number, number: number): string {
  return `${String(kind).repeat(8)}-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

/** Uploads it, and starts HAProxy or has it read the new configuration. */
export async function deploy({ client }: Daemon, shape: Shape): Promise<void> {
  const base = "/1.0/loadbalancer";
  for (const [path, body] of [
    [`${base}/amphora/${LOAD_BALANCER}/haproxy`, aConfig(shape)],
    [`${base}/${LOAD_BALANCER}/reload`, ""],
  ] as const) {
    const { status, body: text } = await client.ask("PUT", path, { body });
    if (status !== 202) throw new Error(`${path}: ${status} ${text}`);
  }
}

export interface Fetched {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Asks inside the namespace, as HAProxy and its clients do. */
export async function fetchInside(url: string, ...more: readonly string[]): Promise<Fetched> {
  const args = [`--net=${NAMESPACE_HANDLE}`, "--", "curl", "-s", "-i", "--max-time", "20", ...more, url];
  const child = spawn("nsenter", args, { stdio: ["ignore", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(child, "close");
  const text = Buffer.concat(chunks).toString("utf8");
  const end = text.indexOf("\r\n\r\n");
  const head = text.slice(0, end).toLowerCase();
  return { status: Number(/^http\/\S+ (\d+)/.exec(head)?.[1] ?? 0), head, body: text.slice(end + 4) };
}
