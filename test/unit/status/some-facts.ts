/** Facts of a healthy amphora with one HTTP listener and two members, to be changed by tests. */
import { parseConfig } from "../../../agent/config/config-parse.ts";
import type { Facts, HaproxyAnswer, LoadBalancerFacts } from "../../../agent/status/facts.ts";

export const NOW = new Date("2026-11-21T12:00:00Z");
export const LB = "99999999-9999-4999-8999-999999999999";
export const LISTENER = "11111111-1111-4111-8111-111111111111";
export const KEY = `22222222-2222-4222-8222-222222222222:${LISTENER}`;
export const MEMBERS = ["33333333-0000-4333-8333-333333333333", "33333333-1111-4333-8333-333333333333"];
const DAY_MS = 86_400_000;

export function ago(milliseconds: number): string {
  return new Date(NOW.getTime() - milliseconds).toISOString();
}

export const aServer = {
  name: MEMBERS[0] ?? "",
  status: "UP",
  weight: 1,
  sinceSeconds: 60,
  check: { status: "L7OK", code: 200, durationMs: 2, text: "OK" },
};

export function anAnswer(servers: readonly (typeof aServer)[] = [aServer]): HaproxyAnswer {
  return {
    version: "2.6.12",
    uptimeSeconds: 3_600,
    currentConnections: 3,
    connectionLimit: 1_000,
    workers: { current: [12], old: [] },
    statistics: {
      frontends: [{ name: LISTENER, status: "OPEN", current: 3, limit: 500, total: 40, requestErrors: 1 }],
      backends: [{ name: KEY, status: "UP", servers }],
    },
  };
}

export function aLoadBalancer(changes: Partial<LoadBalancerFacts> = {}): LoadBalancerFacts {
  return {
    id: LB,
    frontends: [
      { id: LISTENER, protocol: "HTTP", addresses: ["203.0.113.5:80"], limit: 500, defaultBackend: KEY },
    ],
    backends: [{ key: KEY, servers: new Map([[MEMBERS[0] ?? "", "10.0.0.10:8080"]]) }],
    pid: 10,
    wanted: true,
    answer: { value: anAnswer() },
    ...changes,
  };
}

const CONFIG = {
  ...parseConfig([], "/etc/octavia/amphora-agent.conf").config,
  amphoraId: "1f7e8c4d-94ad-4ac2-a4d7-cd4ce7f95c61",
  controllerIpPortList: ["192.0.2.10:5555", "[2001:db8::10]:5555"],
  heartbeatIntervalSeconds: 10,
};

export function someFacts(changes: Partial<Facts> = {}): Facts {
  return {
    now: NOW,
    hostname: "amphora-1",
    cpus: 1,
    agentVersion: "0.1.0",
    apiVersions: ["0.5", "1.0"],
    config: { value: CONFIG },
    packages: { value: { haproxy: "2.6.12-1", keepalived: "1:2.2.7" } },
    machine: {
      value: { uptimeSeconds: 86_400, load: 0.25, memory: { total_bytes: 1e9, available_bytes: 6e8 } },
    },
    disk: { value: { total_bytes: 2e9, available_bytes: 1e9, readOnly: false } },
    limits: {
      value: { tasks: { used: 40, limit: 1_000, set_by: "/sys/fs/cgroup/a/pids.max" }, memory: null },
    },
    agent: {
      state: "running",
      report: {
        version: "0.1.0",
        pid: 7,
        since: ago(DAY_MS),
        supervisor: "systemd",
        configFiles: ["/etc/octavia/amphora-agent.conf"],
        heartbeats: {
          sequence: 41,
          sent: 100,
          failed: 0,
          late: 0,
          lastSentAt: { "192.0.2.10:5555": ago(3_000), "2001:db8::10:5555": ago(13_000) },
        },
      },
    },
    vrrp: { value: undefined },
    plugged: { value: { interfaces: ["lo", "eth1"], vips: [{ address: "203.0.113.5", interface: "eth1" }] } },
    interfaces: {
      value: [aLink({ name: "lo", mac: "00:00:00:00:00:00", mtu: 65_536, addresses: [] }), aLink({})],
    },
    loadBalancers: { value: [aLoadBalancer()] },
    lvs: { value: { listeners: [], sample: { value: undefined } } },
    certificates: [
      {
        file: "/etc/octavia/certs/server.pem",
        usedBy: "agent",
        loadBalancerId: undefined,
        content: {
          value: {
            subject: "CN=amphora",
            notBefore: new Date(NOW.getTime() - 10 * DAY_MS),
            notAfter: new Date(NOW.getTime() + 20 * DAY_MS),
          },
        },
      },
    ],
    ...changes,
  };
}

type Link = Extract<Facts["interfaces"], { value: unknown }>["value"] extends infer T
  ? NonNullable<T> extends readonly (infer One)[]
    ? One
    : never
  : never;

export function aLink(changes: Partial<Link>): Link {
  return {
    name: "eth1",
    mac: "fa:16:3e:00:00:01",
    mtu: 1_450,
    up: true,
    carrier: true,
    addresses: [{ address: "203.0.113.5", prefix: 32, duplicate: false }],
    ...changes,
  };
}
