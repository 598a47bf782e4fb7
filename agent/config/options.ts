/**
 * Every option that the agent knows: section, type, default, and whether a new value takes effect
 * without a restart (docs/contract/rest-api.md, 4.2). One table, so that the loader, the reference
 * in docs/ and the warnings about unknown options cannot disagree.
 */
import { isIP } from "node:net";
import type { Config, SupervisorKind, TlsProtocol, Topology } from "./types.ts";

/** Reads a value, or says what was expected in its place. */
export type Reader<T> = (text: string) => { readonly value: T } | { readonly expected: string };

export interface Option<T> {
  /** In order of preference: the first section that has the option wins. */
  readonly sections: readonly string[];
  readonly name: string;
  readonly read: Reader<T>;
  readonly fallback: T;
  /** True when `PUT /config` applies it at once. */
  readonly mutable: boolean;
  /** Never shown in logs, errors or dumps. */
  readonly secret?: true;
  /** One sentence for the reference. */
  readonly help: string;
}

export type ConfigField = Exclude<keyof Config, "file">;

const text: Reader<string> = (value) => ({ value });

const path: Reader<string> = (value) =>
  value.startsWith("/") ? { value } : { expected: "an absolute path" };

const boolean: Reader<boolean> = (value) => {
  const word = value.toLowerCase();
  if (["true", "1", "on", "yes"].includes(word)) return { value: true };
  if (["false", "0", "off", "no"].includes(word)) return { value: false };
  return { expected: "True or False" };
};

const integer =
  (least: number, most: number): Reader<number> =>
  (value) => {
    const number = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
    return number >= least && number <= most
      ? { value: number }
      : { expected: `a whole number from ${least} to ${most}` };
  };

const choice =
  <T extends string>(...values: readonly T[]): Reader<T> =>
  (value) => {
    const found = values.find((candidate) => candidate === value);
    return found === undefined ? { expected: `one of ${values.join(", ")}` } : { value: found };
  };

const ipAddress: Reader<string> = (value) =>
  isIP(value) === 0 ? { expected: "an IPv4 or IPv6 address" } : { value };

const list: Reader<readonly string[]> = (value) => ({
  value: value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== ""),
});

/** A reader for an option that may be absent. */
const optional =
  <T>(read: Reader<T>): Reader<T | undefined> =>
  (value) =>
    read(value);

const DAY_SECONDS = 86_400;
const HAPROXY = ["haproxy_amphora"];
const AGENT = ["amphora_agent"];
const HEALTH = ["health_manager"];
/** The file that controllers generate has the log facilities where upstream's agent does not look (4.2). */
const AGENT_THEN_HAPROXY = ["amphora_agent", "haproxy_amphora"];

export const OPTIONS: { readonly [F in ConfigField]: Option<Config[F]> } = {
  debug: {
    sections: ["DEFAULT"],
    name: "debug",
    read: boolean,
    fallback: false,
    mutable: true,
    help: "Log at debug level.",
  },
  useSyslog: {
    sections: ["DEFAULT"],
    name: "use_syslog",
    read: boolean,
    fallback: false,
    mutable: false,
    help: "Send the log to syslog as well as to standard output.",
  },
  syslogLogFacility: {
    sections: ["DEFAULT"],
    name: "syslog_log_facility",
    read: text,
    fallback: "LOG_USER",
    mutable: false,
    help: "Syslog facility of the agent's log; LOG_USER stands for local<administrative_log_facility>.",
  },
  basePath: {
    sections: HAPROXY,
    name: "base_path",
    read: path,
    fallback: "/var/lib/octavia",
    mutable: false,
    help: "Directory of load balancer configurations and sockets.",
  },
  baseCertDir: {
    sections: HAPROXY,
    name: "base_cert_dir",
    read: path,
    fallback: "/var/lib/octavia/certs",
    mutable: false,
    help: "Directory of listener certificates.",
  },
  bindHost: {
    sections: HAPROXY,
    name: "bind_host",
    read: ipAddress,
    fallback: "::",
    mutable: false,
    help: "Address of the REST API; `::` serves IPv4 and IPv6.",
  },
  bindPort: {
    sections: HAPROXY,
    name: "bind_port",
    read: integer(0, 65_535),
    fallback: 9443,
    mutable: false,
    help: "Port of the REST API.",
  },
  haproxyCmd: {
    sections: HAPROXY,
    name: "haproxy_cmd",
    read: path,
    fallback: "/usr/sbin/haproxy",
    mutable: false,
    help: "HAProxy's executable, for checks and for service.",
  },
  controllerIpPortList: {
    sections: HEALTH,
    name: "controller_ip_port_list",
    read: list,
    fallback: [],
    mutable: true,
    help: "Health managers, `address:port`, that get the heartbeats in turn.",
  },
  heartbeatIntervalSeconds: {
    sections: HEALTH,
    name: "heartbeat_interval",
    read: integer(1, DAY_SECONDS),
    fallback: 10,
    mutable: true,
    help: "Seconds between two heartbeats.",
  },
  heartbeatKey: {
    sections: HEALTH,
    name: "heartbeat_key",
    read: optional(text),
    fallback: undefined,
    mutable: true,
    secret: true,
    help: "Key that signs heartbeats.",
  },
  agentServerCa: {
    sections: AGENT,
    name: "agent_server_ca",
    read: path,
    fallback: "/etc/octavia/certs/client_ca.pem",
    mutable: false,
    help: "Certificate authorities of the controllers' client certificates.",
  },
  agentServerCert: {
    sections: AGENT,
    name: "agent_server_cert",
    read: path,
    fallback: "/etc/octavia/certs/server.pem",
    mutable: false,
    help: "The agent's own key and certificates, one PEM file.",
  },
  agentServerNetworkDir: {
    sections: AGENT,
    name: "agent_server_network_dir",
    read: path,
    fallback: "/etc/octavia/interfaces/",
    mutable: false,
    help: "Directory of interface files.",
  },
  agentRequestReadTimeoutSeconds: {
    sections: AGENT,
    name: "agent_request_read_timeout",
    read: integer(1, DAY_SECONDS),
    fallback: 180,
    mutable: false,
    help: "Seconds that a request may take to arrive.",
  },
  agentTlsProtocol: {
    sections: AGENT,
    name: "agent_tls_protocol",
    read: choice<TlsProtocol>("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    fallback: "TLSv1.2",
    mutable: false,
    help: "Oldest TLS version that the REST API accepts.",
  },
  amphoraId: {
    sections: AGENT,
    name: "amphora_id",
    read: text,
    fallback: "",
    mutable: false,
    help: "This amphora's id; heartbeats carry it.",
  },
  administrativeLogFacility: {
    sections: AGENT_THEN_HAPROXY,
    name: "administrative_log_facility",
    read: integer(0, 7),
    fallback: 1,
    mutable: false,
    help: "N of syslog facility localN for the agent and keepalived.",
  },
  userLogFacility: {
    sections: AGENT_THEN_HAPROXY,
    name: "user_log_facility",
    read: integer(0, 7),
    fallback: 0,
    mutable: false,
    help: "N of syslog facility localN for tenants' traffic logs.",
  },
  topology: {
    sections: ["controller_worker"],
    name: "loadbalancer_topology",
    read: choice<Topology>("SINGLE", "ACTIVE_STANDBY"),
    fallback: "SINGLE",
    mutable: true,
    help: "Whether keepalived shares the VIP with a second amphora.",
  },
  supervisor: {
    sections: AGENT,
    name: "supervisor",
    read: optional(choice<SupervisorKind>("systemd", "direct")),
    fallback: undefined,
    mutable: false,
    help: "Who keeps HAProxy and keepalived running; unless set, systemd where it is PID 1, else the agent itself.",
  },
  haproxyCloseSpreadSeconds: {
    sections: AGENT,
    name: "haproxy_close_spread",
    read: integer(0, 3_600),
    fallback: 0,
    mutable: false,
    help: "Seconds over which a HAProxy worker that a reload has replaced closes connections that clients keep open, some of them under a request that is on its way; 0 leaves them to the clients.",
  },
  haproxyOldWorkerSeconds: {
    sections: AGENT,
    name: "haproxy_old_worker_age",
    read: integer(0, 7 * DAY_SECONDS),
    fallback: 0,
    mutable: false,
    help: "Seconds after which such a worker closes the connections that are left; 0 waits for the clients.",
  },
  haproxyOldWorkers: {
    sections: AGENT,
    name: "haproxy_old_workers",
    read: integer(0, 1_000),
    fallback: 0,
    mutable: false,
    help: "Reloads that such a worker may live through: the oldest are ended beyond it; 0 for any number.",
  },
  haproxyMemoryReservePercent: {
    sections: AGENT,
    name: "haproxy_memory_reserve",
    read: integer(0, 50),
    fallback: 5,
    mutable: false,
    help: "Percent of the machine's memory: when less is available after a reload, the oldest of such workers are ended; 0 for never.",
  },
};

/** Options that controllers write and no agent needs any more: no warning for them (4.2 and section 5). */
export const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  "haproxy_amphora.respawn_count",
  "haproxy_amphora.respawn_interval",
  "haproxy_amphora.use_upstart",
  "amphora_agent.amphora_udp_driver",
  "amphora_agent.agent_server_network_file",
]);

/** The option's fields in a fixed order, typed. */
export function configFields(): ConfigField[] {
  return Object.keys(OPTIONS).filter((key): key is ConfigField => key in OPTIONS);
}
