/** A load balancer as a rendering document, large enough to be worth timing. */
import type { RenderingDocument } from "../../agent/render/document/types.ts";

const LISTENERS = 50;
const MEMBERS_PER_POOL = 40;
const AMPHORA = "9a3e2f10-6f0e-4f0b-8c5e-1d2f3a4b5c6d";

/** HTTP listeners, each with a pool of its own, health monitors and inserted headers. */
export function largeDocument(): RenderingDocument {
  // Octavia's models have more than the document's types know.
  return documentOf() as RenderingDocument;
}

function documentOf() {
  const numbers = Array.from({ length: LISTENERS }, (_, index) => index);
  return {
    format: "octavia-amphora-rendering",
    format_version: 1,
    kind: "haproxy" as const,
    amphora_id: AMPHORA,
    topology: "SINGLE",
    amphorae: [
      {
        id: AMPHORA,
        status: "ALLOCATED",
        role: "STANDALONE",
        lb_network_ip: "192.0.2.11",
        vrrp_ip: "203.0.113.11",
        ha_ip: "203.0.113.5",
        vrrp_interface: "eth1",
        vrrp_id: 1,
        vrrp_priority: 100,
      },
    ],
    haproxy: { version: "2.6", stats_socket: null, log_http: null, log_server: null },
    host: {},
    certificates: { listeners: {}, pools: {} },
    settings: {},
    loadbalancer: {
      loadbalancer_id: "5d45ad6a-3c8b-4bd8-8f47-0a1d4e3c7a10",
      name: "large",
      project_id: "e3cd678b11784734bc366148aa37580e",
      admin_state_up: true,
      vip_address: "203.0.113.5",
      additional_vips: [],
      listeners: numbers.map(listener),
      pools: numbers.map(pool),
    },
  };
}

function listener(index: number) {
  return {
    listener_id: uuid(1, index),
    name: "",
    admin_state_up: true,
    protocol: "HTTP" as const,
    protocol_port: 8_000 + index,
    connection_limit: -1,
    default_pool_id: uuid(2, index),
    l7policies: [],
    insert_headers: { "X-Forwarded-For": "true" },
    timeout_client_data: 50_000,
    timeout_member_connect: 5_000,
    timeout_member_data: 50_000,
    timeout_tcp_inspect: 0,
    client_authentication: "NONE" as const,
  };
}

function pool(index: number) {
  return {
    pool_id: uuid(2, index),
    name: "",
    admin_state_up: true,
    protocol: "HTTP" as const,
    lb_algorithm: "ROUND_ROBIN" as const,
    members: Array.from({ length: MEMBERS_PER_POOL }, (_, number) => member(index, number)),
    healthmonitor: {
      healthmonitor_id: uuid(3, index),
      name: "",
      admin_state_up: true,
      type: "HTTP" as const,
      delay: 5,
      timeout: 3,
      max_retries: 3,
      max_retries_down: 3,
      http_method: "GET" as const,
      url_path: "/",
      expected_codes: "200",
      http_version: null,
      domain_name: null,
      provisioning_status: "ACTIVE",
    },
    session_persistence: null,
    tls_enabled: false,
    provisioning_status: "ACTIVE",
  };
}

function member(pool: number, number: number) {
  return {
    member_id: uuid(4, pool * MEMBERS_PER_POOL + number),
    name: "",
    admin_state_up: true,
    address: `10.0.${pool}.${number + 1}`,
    protocol_port: 8_080,
    weight: 1,
    backup: false,
    subnet_id: null,
    monitor_address: null,
    monitor_port: null,
    provisioning_status: "ACTIVE",
  };
}

function uuid(kind: number, number: number): string {
  const digits = `${kind}${String(number).padStart(11, "0")}`;
  return `00000000-0000-4000-8000-${digits}`;
}
