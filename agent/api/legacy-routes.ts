/**
 * The API 0.5 of clouds before Stein, on the same services: a listener takes the place of a load balancer
 * (docs/contract/rest-api.md, section 6). What its process does beyond 0.5, announcements and the states of
 * members over a reload, does not show on the wire.
 */
import { AgentError } from "../errors.ts";
import type { PoolSample } from "../loadbalancer/types.ts";
import { requireAddress } from "../parse-address.ts";
import { details, info } from "./details.ts";
import { json, text } from "./reply.ts";
import { acts, deletes, HAPROXY_CONFIG, md5, OK, plugs, type Route, reads, uploads } from "./route.ts";
import { ownerOf, routes } from "./routes.ts";
import type { Agent } from "./types.ts";

const VERSION = { api_version: "0.5" };

/** Paths are relative to `/0.5`. */
export function legacyRoutes(agent: Agent): readonly Route[] {
  const { loadBalancers, lvsListeners, instances, network } = agent;
  const listener = "/listeners/:listener";
  const listeners = async () => [...(await instances.listeners()), ...(await lvsListeners.listeners())];
  // biome-ignore format: one line per route is easier to compare
  return [
    { ...reads, path: "/info", answer: async () => json(200, { ...info(await agent.machine.versions()), ...VERSION }) },
    { ...reads, path: "/details", answer: async () => {
      const { lvs_listener_process_count, ...rest } = await details(agent);
      const uuids = (await listeners()).map(({ uuid }) => uuid);
      return json(200, { ...rest, ...VERSION, listeners: uuids, udp_listener_process_count: lvs_listener_process_count });
    } },
    { ...reads, path: "/listeners", answer: async () => json(200, await listeners()) },
    { ...uploads, path: "/listeners/:amphora/:listener/haproxy", limit: HAPROXY_CONFIG, answer: async ({ param, bytes }) => {
      await loadBalancers.upload(param("amphora"), param("listener"), bytes);
      return json(202, OK, md5(bytes));
    } },
    { ...reads, path: `${listener}/haproxy`, answer: async ({ param }) => {
      const config = await asListener(param("listener"), () => loadBalancers.download(param("listener")));
      return text(config, md5(config));
    } },
    { ...reads, path: listener, answer: async ({ param }) => json(200, await statusOf(agent, param("listener"))) },
    { ...deletes, path: listener, answer: async ({ param }) => {
      await (await ownerOf(agent, param("listener"))).delete(param("listener"));
      return json(200, OK);
    } },
    { ...acts, path: `${listener}/:action`, answer: async ({ param }) => {
      const id = param("listener");
      const owner = await ownerOf(agent, id);
      const said = await asListener(id, () => owner.act(id, param("action").toLowerCase()));
      return json(202, { ...OK, details: said.replace(`keepalivedlvs listener ${id} `, `keepalivedlvs listener ${id}`) });
    } },
    { ...plugs, path: "/plug/vip/:vip", answer: async (call) => json(202, { ...OK, details: await plugVip(agent, call.param("vip"), call.json) }) },
    { ...plugs, path: "/plug/network", answer: async (call) =>
      json(202, { ...OK, details: await network.plugNetwork(call.json, "refuse") }) },
    ...unchanged(agent),
  ];
}

/** Rows of API 1.0 under their old paths. */
const UNCHANGED: Readonly<Record<string, string>> = {
  "/1.0/loadbalancer/:lb/certificates/:file": "/listeners/:lb/certificates/:file",
  "/1.0/listeners/:amphora/:listener/udp_listener": "/listeners/:amphora/:listener/udp_listener",
  "/1.0/listeners/:listener/udp_listener": "/listeners/:listener/udp_listener",
  "/1.0/vrrp/upload": "/vrrp/upload",
  "/1.0/vrrp/:action": "/vrrp/:action",
  "/1.0/certificate": "/certificate",
  "/1.0/interface/:ip": "/interface/:ip",
};

function unchanged(agent: Agent): Route[] {
  return routes(agent).flatMap((route) => {
    const path = UNCHANGED[route.path];
    return path === undefined ? [] : { ...route, path };
  });
}

/** `GET /0.5/listeners/<id>`: 1.0 has no such route. */
async function statusOf({ instances, lvsListeners }: Agent, id: string): Promise<object> {
  const instance = await instances.show(id);
  if (instance) {
    const { pools, ...status } = instance;
    return { ...status, ...(pools && { pools: pools.map(describePool) }) };
  }
  const listener = (await lvsListeners.listeners()).find(({ uuid }) => uuid === id);
  if (!listener) throw notFound(id);
  if (listener.status !== "ACTIVE") return { ...listener, type: "" };
  const pool = await lvsListeners.pool(id);
  return { ...listener, pools: pool ? [describePool(pool)] : [] };
}

function describePool({ key, status, members }: PoolSample): object {
  const [uuid] = key.split(":");
  return { members, uuid, status: status === "UP" ? "UP" : "DOWN" };
}

async function plugVip({ network }: Agent, vip: string, body: unknown): Promise<string> {
  try {
    await network.plugVip(vip, withoutAdditionalVips(body));
  } catch (error) {
    if (!(error instanceof AgentError) || !error.message.startsWith("Invalid VIP")) throw error;
    throw new AgentError("invalidInput", "Invalid VIP", { cause: error });
  }
  return `VIP ${requireAddress(vip).exploded} plugged on interface eth1`;
}

function withoutAdditionalVips(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !("additional_vips" in body)) return body;
  const { additional_vips: _additional, ...rest } = body;
  return rest;
}

/** The same failures, in the words of an API that has no load balancers. */
async function asListener<T>(id: string, job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (error) {
    if (error instanceof AgentError && error.message === "Loadbalancer Not Found") throw notFound(id);
    throw error;
  }
}

function notFound(id: string): AgentError {
  return new AgentError("notFound", "Listener Not Found", { details: `No listener with UUID: ${id}` });
}
