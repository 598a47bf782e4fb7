/**
 * haproxy.cfg as a controller of the contract's age sends it for one HTTP listener: the form is that of
 * the rendering vectors (`test/vectors/rendering/haproxy`, topology SINGLE, HAProxy 2.6).
 */

export interface ListenerConfig {
  readonly loadBalancerId: string;
  readonly projectId: string;
  readonly listenerId: string;
  readonly addresses: readonly string[];
  readonly port: number;
  /** `connection_limit` of the listener: HAProxy needs two file descriptors for each. */
  readonly connectionLimit: number;
  /** `timeout_client_data`, milliseconds. */
  readonly clientTimeoutMs: number;
  readonly pool?: PoolConfig | undefined;
}

export interface PoolConfig {
  readonly poolId: string;
  readonly monitor: {
    readonly path: string;
    readonly delaySeconds: number;
    readonly timeoutSeconds: number;
    readonly fall: number;
    readonly rise: number;
  };
  readonly members: readonly MemberConfig[];
}

interface MemberConfig {
  readonly memberId: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
}

/** The whole text, blank lines included. */
export function renderHaproxyConfig(listener: ListenerConfig): string {
  return [
    `# Configuration for loadbalancer ${listener.loadBalancerId}\n${globalSection(listener)}\n`,
    `${DEFAULTS}\n\n\n\n`,
    `${frontend(listener)}\n`,
    ...(listener.pool ? [`${backend(listener, listener.pool)}\n\n`] : []),
  ].join("\n");
}

const DEFAULTS = `defaults
    log global
    retries 3
    option redispatch
    option splice-request
    option splice-response
    option http-keep-alive`;

function globalSection({ loadBalancerId, connectionLimit }: ListenerConfig): string {
  return `global
    daemon
    user nobody
    log /run/rsyslog/octavia/log local0
    log /run/rsyslog/octavia/log local1 notice
    stats socket /var/lib/octavia/${loadBalancerId}.sock mode 0666 level user
    server-state-file /var/lib/octavia/${loadBalancerId}/servers-state
    maxconn ${connectionLimit}`;
}

function frontend(listener: ListenerConfig): string {
  const { loadBalancerId, projectId, listenerId, pool } = listener;
  return [
    `frontend ${listenerId}`,
    `    maxconn ${listener.connectionLimit}`,
    ...listener.addresses.map((address) => `    bind ${address}:${listener.port}`),
    "    mode http",
    ...(pool ? [`    default_backend ${pool.poolId}:${listenerId}`] : []),
    `    timeout client ${listener.clientTimeoutMs}`,
    `    log-format ${projectId}\\ ${loadBalancerId}\\ %f\\ %ci\\ %cp\\ %t\\ %{+Q}r\\ %ST\\ %B\\ %U\\ %[ssl_c_verify]\\ %{+Q}[ssl_c_s_dn]\\ %b\\ %s\\ %Tt\\ %tsc`,
  ].join("\n");
}

function backend({ listenerId, connectionLimit }: ListenerConfig, pool: PoolConfig): string {
  const { monitor } = pool;
  const check = `check inter ${monitor.delaySeconds}s fall ${monitor.fall} rise ${monitor.rise}`;
  return [
    `backend ${pool.poolId}:${listenerId}`,
    "    mode http",
    "    http-reuse safe",
    "    balance roundrobin",
    "    load-server-state-from-file global",
    `    timeout check ${monitor.timeoutSeconds}s`,
    `    option httpchk GET ${monitor.path} HTTP/1.0`,
    "    http-check expect rstatus 200",
    `    fullconn ${connectionLimit}`,
    "    option allbackups",
    "    timeout connect 5000",
    "    timeout server 50000",
    ...pool.members.map(
      ({ memberId, address, port, weight }) =>
        `    server ${memberId} ${address}:${port} weight ${weight} ${check}`,
    ),
  ].join("\n");
}
