/** Bodies of requests: what a controller would send, and what it never would. */
import type { Random } from "./random.ts";

/** What the host has that valid bodies are about. */
export interface FuzzWorld {
  /** MAC addresses of ports that can be plugged. */
  readonly macs: readonly string[];
  readonly serverPems: readonly Buffer[];
  /** The agent's own configuration, as it was started with. */
  readonly agentConfig: string;
}

export interface BodyContext {
  readonly random: Random;
  readonly world: FuzzWorld;
  /** The load balancer or listener of the path, if there is one. */
  readonly id: string;
}

type Make = (context: BodyContext) => string | Buffer;

/** By the end of the path; a route that is not here gets one of all of them. */
const VALID: readonly (readonly [path: RegExp, make: Make])[] = [
  [/\/haproxy$/, haproxyConfig],
  [/\/certificates\/:file$/, ({ world, random }) => random.pick(world.serverPems)],
  [/\/udp_listener$/, lvsConfig],
  [
    /\/vrrp\/upload$/,
    () => "vrrp_instance a {\n    state BACKUP\n    interface eth1\n    virtual_router_id 1\n}\n",
  ],
  [/\/plug\/vip\//, (context) => JSON.stringify(vipBody(context))],
  [/\/plug\/network$/, (context) => JSON.stringify(portBody(context))],
  [/\/rules$/, (context) => JSON.stringify(rules(context))],
  [/\/certificate$/, ({ world, random }) => random.pick(world.serverPems)],
  [/\/config$/, agentConfig],
];

/** @param path - as in the route table */
export function validBody(path: string, context: BodyContext): Buffer {
  const make = VALID.find(([pattern]) => pattern.test(path))?.[1] ?? context.random.pick(VALID)[1];
  return Buffer.from(make(context));
}

/** A configuration whose listener answers with `text`. */
export function haproxyConfigFor(id: string, port: number, text: string): string {
  return `# loadbalancer ${id}
global
    daemon
    user nobody
    log /run/rsyslog/octavia/log local0
    stats socket /var/lib/octavia/${id}.sock mode 0666 level user
    maxconn 100

defaults
    timeout connect 5s
    timeout client 5s
    timeout server 5s

frontend ${id}-listener
    maxconn 100
    bind 203.0.113.5:${port}
    mode http
    http-request return status 200 content-type text/plain string "${text}"
`;
}

function haproxyConfig({ random, id }: BodyContext): string {
  return haproxyConfigFor(id, portOf(id), `version ${random.below(1_000)}`);
}

/** Load balancers are told apart by the port of their listener. */
function portOf(id: string): number {
  return 10_000 + (Number.parseInt(id.slice(0, 4), 16) % 50_000 || 0);
}

function lvsConfig({ random, id }: BodyContext): string {
  return `# Configuration for Loadbalancer ${id}
net_namespace amphora-haproxy
virtual_server 203.0.113.5 ${1 + random.below(65_535)} {
    lb_algo rr
    lb_kind NAT
    protocol UDP
    real_server 10.0.0.10 80 {
        weight 1
    }
}
`;
}

function vipBody({ random, world }: BodyContext): object {
  return {
    subnet_cidr: "203.0.113.0/24",
    gateway: random.pick(["203.0.113.1", null]),
    mac_address: random.pick([...world.macs, "fa:16:3e:ff:ff:ff"]),
    mtu: random.pick([1500, 1450, null]),
    vrrp_ip: random.pick(["203.0.113.77", null]),
    host_routes: random.pick([[], [{ destination: "198.51.100.0/24", nexthop: "203.0.113.1" }], null]),
    additional_vips: random.pick([
      [],
      [{ ip_address: "2001:db8::5", subnet_cidr: "2001:db8::/64", gateway: null, host_routes: [] }],
    ]),
  };
}

function portBody({ random, world }: BodyContext): object {
  const mac = random.pick(world.macs);
  const number = 1 + world.macs.indexOf(mac);
  return {
    mac_address: mac,
    fixed_ips: [
      {
        ip_address: `10.9.${number}.${2 + random.below(250)}`,
        subnet_cidr: `10.9.${number}.0/24`,
        host_routes: random.pick([[], [{ destination: "198.51.100.0/24", nexthop: `10.9.${number}.1` }]]),
        gateway: random.pick([null, `10.9.${number}.1`]),
      },
    ],
    mtu: random.pick([1500, 1400, null]),
  };
}

function rules({ random }: BodyContext): object[] {
  return Array.from({ length: random.below(4) }, () => ({
    protocol: random.pick(["TCP", "UDP", "SCTP", "vrrp"]),
    cidr: random.pick([null, "10.0.0.0/8", "2001:db8::/32"]),
    port: 1 + random.below(65_535),
  }));
}

/** Differs in nothing that the heartbeats of the test depend on. */
function agentConfig({ random, world }: BodyContext): string {
  const extra = [
    "",
    "[controller_worker]\nloadbalancer_topology = SINGLE\n",
    "[other]\nkey = 1\n",
    "# comment\n",
  ];
  return `${world.agentConfig}\n${random.pick(extra)}`;
}

/** Lines that keep their words: without them HAProxy would run, and the contract's listing be a 500. */
const KEPT = /stats socket|^\s+mode |^frontend|^heartbeat|^controller_ip|^bind_|^amphora_id/;

/** Turns a valid body into one that may be anything. */
export function wreckedBody(valid: Buffer, random: Random): Buffer {
  const how = random.weighted<(body: Buffer) => Buffer>([
    [3, (body) => wreckJson(body, random) ?? wreckLine(body, random)],
    [3, (body) => wreckLine(body, random)],
    [1, () => Buffer.alloc(0)],
    [2, () => random.bytes(random.below(300))],
    [1, (body) => Buffer.concat([body, Buffer.from("\0")])],
    [1, (body) => Buffer.concat([Buffer.from([0xff, 0xfe]), body])],
    [
      1,
      () =>
        Buffer.from(random.pick(["{", "null", "[]", "{}", '"x"', "1e999", "[[[[", "global\n", "-----BEGIN"])),
    ],
    [0.3, () => Buffer.from(`${"[".repeat(5_000)}${"]".repeat(5_000)}`)],
    [0.03, () => Buffer.alloc(2 * 1024 * 1024, "x\n")],
  ]);
  return how(valid);
}

function wreckLine(body: Buffer, random: Random): Buffer {
  const lines = body.toString("latin1").split("\n");
  const index = random.below(lines.length);
  const line = lines[index] ?? "";
  if (KEPT.test(line)) return Buffer.concat([body, Buffer.from("what is this")]);
  const at = random.below(line.length + 1);
  const noise = random.pick([" ", "%", "\r", "\t", "\\", '"', "ä", "\0", "$HOME", "0".repeat(50)]);
  lines[index] = random.chance(0.3) ? "" : line.slice(0, at) + noise + line.slice(at + random.below(3));
  return Buffer.from(lines.join("\n"), "latin1");
}

const WRONG = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  "",
  "error",
  "../..",
  "10.0.0.1/24",
  "10.0.0.0/99",
  "::",
  "a\nb",
  [],
  {},
];

/** Puts a wrong value, or none, in the place of one key at any depth. @returns undefined when it is no JSON */
function wreckJson(body: Buffer, random: Random): Buffer | undefined {
  if (!/^(\{|\[\{|\[\])/.test(body.toString("latin1", 0, 2))) return undefined;
  const document = JSON.parse(body.toString("utf8")) as object;
  let holder = document as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(holder);
    if (keys.length === 0) return Buffer.from(JSON.stringify(WRONG));
    const key = random.pick(keys);
    const value = holder[key];
    if (typeof value === "object" && value !== null && random.chance(0.6)) {
      holder = value as Record<string, unknown>;
      continue;
    }
    if (random.chance(0.2)) delete holder[key];
    else holder[random.chance(0.1) ? "surplus" : key] = random.pick(WRONG);
    return Buffer.from(JSON.stringify(document));
  }
}
