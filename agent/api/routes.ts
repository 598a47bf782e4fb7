/** The REST API on one page: a row per route, numbered as in docs/contract/rest-api.md, 1.4. */
import type { LoadBalancers } from "../loadbalancer/types.ts";
import type { LvsListeners } from "../lvs/types.ts";
import { API_VERSION } from "../versions.ts";
import { details, info } from "./details.ts";
import { json, text } from "./reply.ts";
import { acts, deletes, HAPROXY_CONFIG, md5, OK, plugs, type Route, reads, uploads } from "./route.ts";
import type { Agent } from "./types.ts";

/** Every route that the agent has; of two rows that match, the first one counts. */
export function routes(agent: Agent): readonly Route[] {
  const { loadBalancers, certificates, lvsListeners, vrrp, network, machine, identity } = agent;
  const lb = "/1.0/loadbalancer";
  const certificate = `${lb}/:lb/certificates/:file`;
  // biome-ignore format: one line per route is easier to compare
  return [
    /* R1 */ { ...reads, path: "/", answer: async () => json(200, { api_version: API_VERSION }) },
    /* R2 */ { ...reads, path: "/1.0/info", answer: async () => json(200, info(await machine.versions())) },
    /* R3 */ { ...reads, path: "/1.0/details", answer: async () => json(200, await details(agent)) },
    /* R4 */ { ...reads, path: "/1.0/listeners", answer: async () => json(200, [
      ...(await loadBalancers.listeners()),
      ...(await lvsListeners.listeners()),
    ]) },
    /* R5 */ { ...uploads, path: `${lb}/:amphora/:lb/haproxy`, limit: HAPROXY_CONFIG,
      document: ({ param }) => ({ kind: "haproxy", loadBalancerId: param("lb") }),
      answer: async ({ param, bytes, config }) => {
        await loadBalancers.upload(param("amphora"), param("lb"), config);
        return json(202, OK, md5(bytes));
      } },
    /* R6 */ { ...reads, path: `${lb}/:lb/haproxy`, answer: async ({ param }) => {
      const config = await loadBalancers.download(param("lb"));
      return text(config, md5(config));
    } },
    /* R7 */ { ...acts, path: `${lb}/:object/:action`, answer: async ({ param }) => {
      const owner = await ownerOf(agent, param("object"));
      return json(202, { ...OK, details: await owner.act(param("object"), param("action").toLowerCase()) });
    } },
    /* R8 */ { ...deletes, path: "/1.0/listeners/:object", answer: async ({ param }) => {
      const owner = await ownerOf(agent, param("object"));
      await owner.delete(param("object"));
      return json(200, OK);
    } },
    /* R9 */ { ...uploads, path: certificate, answer: async ({ param, bytes }) => {
      await certificates.store(param("lb"), param("file"), bytes);
      return json(200, OK, md5(bytes));
    } },
    /* R10 */ { ...reads, path: certificate, answer: async ({ param }) => {
      const md5sum = await certificates.md5(param("lb"), param("file"));
      return json(200, { md5sum }, md5sum);
    } },
    /* R11 */ { ...deletes, path: certificate, answer: async ({ param }) => {
      await certificates.delete(param("lb"), param("file"));
      return json(200, OK);
    } },
    /* R12 */ { ...uploads, path: "/1.0/listeners/:amphora/:listener/udp_listener",
      document: ({ param }) => ({ kind: "keepalived-lvs", listenerId: param("listener") }),
      answer: async ({ param, bytes, config }) => {
        await lvsListeners.upload(param("listener"), config);
        return json(200, OK, md5(bytes));
      } },
    /* R13 */ { ...reads, path: "/1.0/listeners/:listener/udp_listener", answer: async ({ param }) =>
      text(await lvsListeners.download(param("listener"))) },
    /* R14 */ { ...uploads, path: "/1.0/vrrp/upload", document: () => ({ kind: "keepalived-vrrp" }),
      answer: async ({ bytes, config }) => {
        await vrrp.upload(config);
        return json(200, OK, md5(bytes));
      } },
    /* R15 */ { ...acts, path: "/1.0/vrrp/:action", answer: async ({ param }) =>
      json(202, { ...OK, details: await vrrp.act(param("action").toLowerCase()) }) },
    /* R16 */ { ...plugs, path: "/1.0/plug/vip/:vip", answer: async (call) =>
      json(202, { ...OK, details: await network.plugVip(call.param("vip"), call.json) }) },
    /* R17 */ { ...plugs, path: "/1.0/plug/network", answer: async (call) =>
      json(202, { ...OK, details: await network.plugNetwork(call.json) }) },
    /* R18 */ { ...uploads, path: "/1.0/certificate", answer: async ({ bytes }) => {
      await identity.replaceCertificate(bytes);
      return json(202, OK);
    } },
    /* R19 */ { ...uploads, path: "/1.0/config", answer: async ({ bytes }) => {
      await identity.replaceConfig(bytes);
      return json(202, OK);
    } },
    /* R20 */ { ...reads, path: "/1.0/interface/:ip", answer: async ({ param }) =>
      json(200, { ...OK, interface: await network.interfaceOf(param("ip")) }) },
    /* R21 */ { ...plugs, method: "PUT", path: "/1.0/interface/:ip/rules", answer: async (call) => {
      await network.replaceRules(call.param("ip"), call.json);
      return json(200, OK);
    } },
  ];
}

/** Whose object an id is: an LVS listener's only when no load balancer has it, unknown ones too (rest-api.md, R7). */
export async function ownerOf(
  { loadBalancers, lvsListeners }: Agent,
  id: string,
): Promise<LoadBalancers | LvsListeners> {
  return !(await loadBalancers.has(id)) && (await lvsListeners.has(id)) ? lvsListeners : loadBalancers;
}
