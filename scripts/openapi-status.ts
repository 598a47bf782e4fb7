/** The schema of a status (agent/status/types.ts). */
import { boolean, integer, list, moment, number, object, oneOf, optional, string } from "./openapi-schema.ts";

const ROOM = { total_bytes: integer, available_bytes: integer };

const LIMIT = { used: integer, limit: integer, set_by: string };

const MEMBER = object({
  id: string,
  address: optional(string),
  state: string,
  weight: optional(integer),
  since_seconds: optional(integer),
  check: optional(
    object({ status: string, code: optional(integer), duration_ms: optional(integer), text: string }),
  ),
});

export const STATUS = object({
  format_version: { type: "integer", enum: [1] },
  time: moment,
  amphora_id: optional(string),
  hostname: string,
  versions: object({
    agent: string,
    api: list(string),
    haproxy: optional(string),
    keepalived: optional(string),
  }),
  machine: object({
    uptime_seconds: optional(integer),
    load: optional(number),
    cpus: integer,
    memory: optional(object(ROOM)),
    disk: optional(object({ ...ROOM, read_only: boolean })),
    limits: optional(object({ tasks: optional(object(LIMIT)), memory: optional(object(LIMIT)) })),
  }),
  agent: object({
    state: oneOf("running", "down", "silent", "unknown"),
    pid: optional(integer),
    since: optional(moment),
    supervisor: { type: ["string", "null"], enum: ["systemd", "direct", null] },
    heartbeats: optional(object({ sent: integer, failed: integer, late: integer })),
  }),
  controllers: list(object({ address: string, last_heartbeat: optional(moment) })),
  healing: optional(
    object({
      repairs: { type: "object", additionalProperties: integer },
      last: optional(object({ at: moment, cause: string, differences: list(string) })),
      flapping: list(string),
      failing: list(string),
    }),
  ),
  vrrp: optional(
    object({
      pid: optional(integer),
      instances: list(object({ name: string, role: oneOf("MASTER", "BACKUP", "FAULT"), since: moment })),
    }),
  ),
  vips: list(
    object({
      address: string,
      interface: string,
      state: { type: ["string", "null"], enum: ["present", "absent", "duplicate", null] },
    }),
  ),
  interfaces: optional(
    list(
      object({
        name: string,
        mac: string,
        mtu: integer,
        up: boolean,
        carrier: boolean,
        addresses: list(string),
      }),
    ),
  ),
  load_balancers: list(
    object({
      id: string,
      state: oneOf("running", "stopped", "failed", "silent"),
      pid: optional(integer),
      version: optional(string),
      uptime_seconds: optional(integer),
      workers: optional(list(integer)),
      old_workers: optional(list(integer)),
      connections: optional(object({ current: integer, limit: integer })),
    }),
  ),
  listeners: list(
    object({
      id: string,
      load_balancer_id: optional(string),
      protocol: oneOf("HTTP", "TCP", "TERMINATED_HTTPS", "PROMETHEUS", "UDP", "SCTP"),
      addresses: list(string),
      state: string,
      connections: optional(object({ current: integer, total: integer, limit: optional(integer) })),
      request_errors: optional(integer),
      default_pool: optional(string),
    }),
  ),
  pools: list(
    object({
      key: string,
      load_balancer_id: optional(string),
      listener_id: optional(string),
      state: string,
      members: list(MEMBER),
    }),
  ),
  certificates: list(
    object({
      file: string,
      used_by: oneOf("agent", "controllers", "listener"),
      load_balancer_id: optional(string),
      subject: string,
      not_before: moment,
      not_after: moment,
    }),
  ),
  problems: list(
    object({
      severity: oneOf("error", "warning"),
      subject: oneOf(
        "configuration",
        "agent",
        "heartbeat",
        "machine",
        "processes",
        "namespace",
        "interface",
        "vip",
        "healing",
        "vrrp",
        "haproxy",
        "listener",
        "pool",
        "member",
        "certificate",
      ),
      object: optional(string),
      text: string,
    }),
  ),
});
