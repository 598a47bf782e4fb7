/** Configurations as a controller uploads them (shape of test/vectors/rendering/haproxy), in any size. */
import { createHash } from "node:crypto";

export const LOAD_BALANCER = "5d45ad6a-3c8b-4bd8-8f47-0a1d4e3c7a10";
export const STATS_SOCKET = `/var/lib/octavia/${LOAD_BALANCER}.sock`;

export interface Size {
  readonly listeners: number;
  /** Of each listener's pool. */
  readonly members: number;
  /** How many consecutive listeners have the same pool; 1 unless given. */
  readonly listenersPerPool?: number;
  /** With the internal proxies that a PROMETHEUS listener brings, without the listener. */
  readonly exporter?: boolean;
}

const PROJECT = "e3cd678b11784734bc366148aa37580e";
const FIRST_PORT = 8000;
/** Per listener; low, since HAProxy needs descriptors for the sum, and not every host lets it have many. */
const CONNECTION_LIMIT = 10;

/** @param vip - where every listener binds; must be an address of the namespace when HAProxy starts */
export function haproxyConfig(vip: string, size: Size): string {
  const sections = [header(size.listeners)];
  if (size.exporter) sections.push(EXPORTER);
  for (let index = 0; index < size.listeners; index += 1) {
    const pool = Math.floor(index / (size.listenersPerPool ?? 1));
    sections.push(listenerSections(vip, index, pool, size.members));
  }
  return `${sections.join("\n")}\n`;
}

function header(listeners: number): string {
  return `# Configuration for loadbalancer ${LOAD_BALANCER}
global
    daemon
    user nobody
    log /run/rsyslog/octavia/log local0
    log /run/rsyslog/octavia/log local1 notice
    stats socket ${STATS_SOCKET} mode 0666 level user
    server-state-file /var/lib/octavia/${LOAD_BALANCER}/servers-state
    maxconn ${listeners * CONNECTION_LIMIT}

defaults
    log global
    retries 3
    option redispatch
    option splice-request
    option splice-response
    option http-keep-alive
`;
}

const EXPORTER = `
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
`;

function listenerSections(vip: string, index: number, pool: number, members: number): string {
  const listener = uuid(`listener ${index}`);
  const backend = `${uuid(`pool ${pool}`)}:${listener}`;
  return `
frontend ${listener}
    maxconn ${CONNECTION_LIMIT}
    bind ${vip}:${FIRST_PORT + index}
    mode http
    default_backend ${backend}
    timeout client 50000
    log-format ${PROJECT}\\ ${LOAD_BALANCER}\\ %f\\ %ci\\ %cp\\ %t\\ %{+Q}r\\ %ST\\ %B\\ %U\\ %[ssl_c_verify]\\ %{+Q}[ssl_c_s_dn]\\ %b\\ %s\\ %Tt\\ %tsc

backend ${backend}
    mode http
    http-reuse safe
    balance roundrobin
    fullconn ${CONNECTION_LIMIT}
    option allbackups
    timeout connect 5000
    timeout server 50000
${serverLines(pool, members)}`;
}

function serverLines(pool: number, members: number): string {
  return Array.from({ length: members }, (_, index) => {
    const address = `10.${pool % 250}.${Math.floor(index / 250)}.${(index % 250) + 1}`;
    return `    server ${uuid(`member ${pool}/${index}`)} ${address}:8080 weight 1\n`;
  }).join("");
}

/** As random as a real id, so that it compresses no better, yet the same in each run. */
function uuid(seed: string): string {
  const hex = createHash("sha256").update(seed).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
