/** A throwaway host as an amphora: the namespace, a client's side of the VIP, and members that answer. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { parseConfig } from "../../agent/config/config-parse.ts";
import { parseLoadBalancerId } from "../../agent/loadbalancer/ids.ts";
import { layoutOf } from "../../agent/loadbalancer/layout.ts";
import { createLoadBalancers } from "../../agent/loadbalancer/load-balancers.ts";
import type { StatsReader } from "../../agent/loadbalancer/read-stats.ts";
import type {
  ChangeResult,
  LoadBalancerId,
  LoadBalancers,
  WorkerLimits,
} from "../../agent/loadbalancer/types.ts";
import { lvsDirectory } from "../../agent/lvs/layout.ts";
import { listLvsListeners } from "../../agent/lvs/list.ts";
import { createLvsListeners } from "../../agent/lvs/lvs-listeners.ts";
import type { LvsListeners } from "../../agent/lvs/types.ts";
import { DirectSupervisor } from "../../agent/supervisor/direct.ts";
import { Exclusive } from "../../agent/supervisor/exclusive.ts";
import type { Supervisor } from "../../agent/supervisor/types.ts";
import { createLogger, type Logger } from "../../agent/system/logger.ts";
import { tryRun } from "../../agent/system/run.ts";
import { createVrrpChecks } from "../../agent/vrrp/checks.ts";
import { createVrrpRoles } from "../../agent/vrrp/roles.ts";
import type { Vrrp, VrrpChecks, VrrpRoles } from "../../agent/vrrp/types.ts";
import { createVrrp } from "../../agent/vrrp/vrrp.ts";

export const BASE = "/var/lib/octavia";
export const CERTS = `${BASE}/certs`;
export const HAPROXY = "/usr/sbin/haproxy";
export const AMPHORA = "1f7e8c4d-94ad-4ac2-a4d7-cd4ce7f95c61";
export const VIP = "203.0.113.5";
/** Those of an agent without options. */
export const LIMITS: WorkerLimits = parseConfig([], "").config;
const MEMBERS = ["10.0.0.10", "10.0.0.11"];
const VECTORS = new URL("../vectors/rendering/haproxy/", import.meta.url);

/**
 * What a controller renders for a vector of the rendering contract, for fewer connections: a rootless host
 * cannot raise the limit of open files.
 */
export async function controllersConfig(vector: string): Promise<string> {
  const { expected } = JSON.parse(await readFile(new URL(`${vector}.json`, VECTORS), "utf8")) as {
    expected: string;
  };
  return expected.replaceAll("maxconn 50000", "maxconn 2000");
}

/** Id of the load balancer that a configuration is for: its first line says. */
export function idOf(config: string): string {
  const [, id] = /loadbalancer (\S+)/.exec(config) ?? [];
  if (!id) throw new Error("configuration without a load balancer");
  return id;
}

export function filesOf(text: string): ReturnType<typeof layoutOf> {
  const id = parseLoadBalancerId(text);
  if (!id) throw new Error(`${text} is no id`);
  return layoutOf(BASE, id);
}

/** The namespace with the VIP on eth1, our end with the members behind it, and members that answer. */
export async function furnish(): Promise<AsyncDisposable> {
  const inside = ["netns", "exec", "amphora-haproxy", "ip"];
  await ip("netns", "add", "amphora-haproxy");
  await ip("link", "add", "outside", "type", "veth", "peer", "name", "eth1", "netns", "amphora-haproxy");
  await ip(...inside, "link", "set", "lo", "up");
  await ip(...inside, "address", "add", `${VIP}/24`, "dev", "eth1");
  await ip(...inside, "link", "set", "eth1", "up");
  await ip("address", "add", "203.0.113.1/24", "dev", "outside");
  await ip("link", "set", "outside", "up");
  await ip(...inside, "route", "add", "default", "via", "203.0.113.1");
  const servers: Server[] = [];
  for (const address of MEMBERS) {
    await ip("address", "add", `${address}/32`, "dev", "lo");
    const server = createServer((_, response) => response.end(address));
    // Who stays connected is a client's decision, however slow the machine.
    server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => server.listen(8080, address, resolve));
    servers.push(server);
  }
  return {
    [Symbol.asyncDispose]: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      await Promise.resolve();
    },
  };
}

async function ip(...args: string[]): Promise<void> {
  await promisify(execFile)("ip", args);
}

/** One agent; another one can be made over the same files. */
export interface TestAgent {
  readonly loadBalancers: LoadBalancers;
  readonly lvsListeners: LvsListeners;
  readonly vrrp: Vrrp;
  readonly vrrpChecks: VrrpChecks;
  readonly vrrpRoles: VrrpRoles;
  readonly supervisor: Supervisor;
  readonly advertised: string[][];
  /** How often a new configuration took effect in each way. */
  readonly changes: ReadonlyMap<ChangeResult, number>;
  readonly logger: Logger;
}

export interface TestAgentOptions {
  readonly stats?: StatsReader;
  readonly limits?: Partial<WorkerLimits>;
}

export async function anAgent(
  topology: "SINGLE" | "ACTIVE_STANDBY" = "SINGLE",
  { stats, limits }: TestAgentOptions = {},
): Promise<TestAgent> {
  const logger = await createLogger({ debug: true, pretty: false });
  const exclusive = new Exclusive();
  const advertised: string[][] = [];
  const changes = new Map<ChangeResult, number>();
  const supervisor = new DirectSupervisor({
    basePath: BASE,
    haproxyCmd: HAPROXY,
    logFacility: 1,
    prepareNamespace: () => Promise.resolve(),
    exclusive,
    logger,
  });
  const vrrpChecks = createVrrpChecks({
    basePath: BASE,
    lvsDirectory: lvsDirectory(BASE),
    checked: async () => ({
      sockets: await loadBalancers.wantedSockets(),
      hasLvsListeners: (await listLvsListeners(BASE)).length > 0,
    }),
    exclusive,
    logger,
  });
  const shared = {
    basePath: BASE,
    topology: () => topology,
    supervisor,
    exclusive,
    vrrpChecks,
    replacing: async (id: LoadBalancerId) => stats?.hold(id),
    replaced: (id: LoadBalancerId) => stats?.replaced(id),
    advertise: (addresses: readonly string[]) => Promise.resolve(void advertised.push([...addresses])),
    logger,
  };
  const loadBalancers = createLoadBalancers({
    ...shared,
    certDirectory: CERTS,
    haproxyCmd: HAPROXY,
    limits: { ...LIMITS, ...limits },
    leaving: (id, servers) => stats?.leave(id, servers),
    changeMade: (how) => changes.set(how, (changes.get(how) ?? 0) + 1),
    tryRun,
  });
  const lvsListeners = createLvsListeners(shared);
  const roles = createVrrpRoles(BASE, logger);
  const vrrp = createVrrp({ basePath: BASE, supervisor, checks: vrrpChecks, roles, exclusive, logger });
  await roles.resume();
  await supervisor.resume();
  return {
    loadBalancers,
    lvsListeners,
    vrrp,
    vrrpChecks,
    vrrpRoles: roles,
    supervisor,
    advertised,
    changes,
    logger,
  };
}

/** A new connection each time. @returns the body @throws when there is none within a second */
export function get(host = VIP, port = 80): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ host, port, agent: false, timeout: 1_000 }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve(body));
      response.on("error", reject);
    });
    call.on("timeout", () => call.destroy(new Error("no answer within a second")));
    call.on("error", reject);
    call.end();
  });
}

/** A request on a connection that stays, and the beginning of its answer. */
export async function question(client: Socket): Promise<void> {
  client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(client, "data", { signal: AbortSignal.timeout(5_000) });
}

export async function answers(): Promise<boolean> {
  return get().then(
    () => true,
    () => false,
  );
}

/** Waits for a condition. @returns milliseconds that it took @throws when the deadline passes */
export async function until(isSo: () => Promise<boolean>, deadlineMs = 10_000): Promise<number> {
  const start = performance.now();
  while (!(await isSo())) {
    if (performance.now() - start > deadlineMs) throw new Error(`not so within ${deadlineMs} ms: ${isSo}`);
    await sleep(5);
  }
  return performance.now() - start;
}

/** Requests one after the other on several lanes, each on a new connection, until it is stopped. */
export function traffic(lanes = 4): { stop(): Promise<{ answered: number; failures: string[] }> } {
  const failures: string[] = [];
  let answered = 0;
  let isOver = false;
  const running = Array.from({ length: lanes }, async () => {
    while (!isOver) {
      await get().then(
        () => {
          answered += 1;
        },
        (error: unknown) => failures.push(String(error)),
      );
    }
  });
  return {
    stop: async () => {
      isOver = true;
      await Promise.all(running);
      return { answered, failures };
    },
  };
}
