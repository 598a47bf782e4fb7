/** An agent in memory: stores what it is given, and fails the way a test tells it to. */
import { hash } from "node:crypto";
import type { Agent } from "../../../agent/api/types.ts";
import { AgentError, RejectedBodyError } from "../../../agent/errors.ts";
import { encodeStatus } from "../../../agent/status/encode-status.ts";
import { someFacts } from "../status/some-facts.ts";

/** What a test sets up or looks at. */
export interface FakeAgent extends Agent {
  readonly configs: Map<string, Buffer>;
  readonly lvsConfigs: Map<string, Buffer>;
  readonly files: Map<string, Buffer>;
  /** Every call that reached the agent: method and arguments. */
  readonly calls: [method: string, ...args: unknown[]][];
  /** Runs at the beginning of each call. */
  before: (method: string) => Promise<void>;
}

export function createFakeAgent(): FakeAgent {
  const configs = new Map<string, Buffer>();
  const lvsConfigs = new Map<string, Buffer>();
  const files = new Map<string, Buffer>();
  const calls: FakeAgent["calls"] = [];
  const note = async (method: string, ...args: unknown[]) => {
    calls.push([method, ...args]);
    await fake.before(method);
  };
  const fake: FakeAgent = {
    configs,
    lvsConfigs,
    files,
    calls,
    before: async () => undefined,
    loadBalancers: {
      async upload(amphoraId, id, body) {
        await note("upload", amphoraId, id, body);
        configs.set(id, body);
      },
      async download(id) {
        await note("download", id);
        const config = configs.get(id);
        if (config !== undefined) return config;
        throw new AgentError("notFound", "Loadbalancer Not Found", {
          details: `No loadbalancer with UUID: ${id}`,
        });
      },
      async act(id, action) {
        await note("act", id, action);
        if (!["start", "stop", "reload"].includes(action)) {
          throw new AgentError("invalidInput", "Invalid Request", { details: `Unknown action: ${action}` });
        }
        return `Listener ${id} ${action}ed`;
      },
      async delete(id) {
        await note("delete", id);
        configs.delete(id);
      },
      async listeners() {
        await note("listeners");
        return [
          { status: "ACTIVE", uuid: "b", type: "HTTP" },
          { status: "ACTIVE", uuid: "a", type: "TERMINATED_HTTPS" },
        ];
      },
      async countRunning() {
        return configs.size;
      },
      async has(id) {
        return configs.has(id);
      },
      async wantedSockets() {
        return [];
      },
      async resume() {
        await note("resume");
      },
      async history() {
        await note("history");
        return {
          lb: [{ at: "2026-01-01T00:00:00.000Z", how: "runtime", changes: ["m1 disabled"], durationMs: 9 }],
        };
      },
    },
    lvsListeners: {
      async upload(id, config) {
        await note("uploadLvs", id, config);
        lvsConfigs.set(id, config);
      },
      async download(id) {
        await note("downloadLvs", id);
        const config = lvsConfigs.get(id);
        if (config !== undefined) return config;
        throw new AgentError("notFound", "UDP Listener Not Found", {
          details: `No UDP listener with UUID: ${id}`,
        });
      },
      async act(id, action) {
        await note("actLvs", id, action);
        return `keepalivedlvs listener ${id} ${action}ed`;
      },
      async delete(id) {
        await note("deleteLvs", id);
        lvsConfigs.delete(id);
      },
      async has(id) {
        return lvsConfigs.has(id);
      },
      async listeners() {
        await note("lvsListeners");
        return [...lvsConfigs.keys()].map((uuid) => ({ status: "OFFLINE", uuid, type: "UDP" }));
      },
      async countRunning() {
        return lvsConfigs.size;
      },
      async pool(id) {
        await note("pool", id);
        return { key: "p", status: "OPEN", members: {} };
      },
    },
    vrrp: {
      upload: (config) => note("uploadVrrp", config),
      async act(action) {
        await note("actVrrp", action);
        return `keepalived ${action}ed`;
      },
      instances: () => Promise.resolve(undefined),
    },
    instances: {
      async listeners() {
        return [...configs.keys()].map((uuid) => ({ status: "ERROR", uuid, type: "" }));
      },
      async show(id) {
        await note("show", id);
        if (!configs.has(id)) return undefined;
        const pools = [{ key: "p", status: "UP", members: { m: "DOWN" } }];
        return { status: "ACTIVE", uuid: id, type: "HTTP", pools };
      },
    },
    certificates: {
      async store(id, fileName, body) {
        await note("store", id, fileName, body);
        files.set(`${id}/${fileName}`, body);
      },
      async md5(id, fileName) {
        await note("md5", id, fileName);
        const file = files.get(`${id}/${fileName}`);
        if (file !== undefined) return hash("md5", file);
        throw new AgentError("notFound", "Certificate Not Found", {
          details: `No certificate with filename: ${fileName}`,
        });
      },
      async delete(id, fileName) {
        await note("deleteCertificate", id, fileName);
        files.delete(`${id}/${fileName}`);
      },
    },
    network: {
      async plugVip(vip, body) {
        await note("plugVip", vip, body);
        if (body === undefined) throw new RejectedBodyError("Invalid subnet information", "no body");
        return `VIPs plugged on interface eth1: ${vip}`;
      },
      async plugNetwork(body, known) {
        await note("plugNetwork", body, ...(known === undefined ? [] : [known]));
        if (body === undefined) throw new RejectedBodyError("Invalid port information", "no body");
        return "Plugged on interface eth2";
      },
      async interfaceOf(address) {
        await note("interfaceOf", address);
        if (address === "10.0.0.1") return "eth1";
        throw new AgentError("invalidInput", "Invalid IP address");
      },
      async replaceRules(address, body) {
        await note("replaceRules", address, body);
        if (body === undefined) throw new RejectedBodyError("Invalid rules information", "no body");
      },
      async counters() {
        return { eth1: { network_tx: 1, network_rx: 2 } };
      },
    },
    machine: {
      async versions() {
        await note("versions");
        return {
          hostname: "amphora-1",
          haproxy_version: "2.6.12",
          keepalived_version: "1:2.2.7",
          ipvsadm_version: "1:1.31",
        };
      },
      async details() {
        return {
          cpu_count: 2,
          cpu: { total: 10, user: "1", system: "2", soft_irq: "3" },
          memory: { total: 7, free: 6, buffers: 5, cached: 4, swap_used: 3, shared: 2, slab: 1 },
          disk: { used: 1, available: 2 },
          load: ["0.10", "0.20", "0.30"],
          active_tuned_profiles: "",
        };
      },
    },
    async status() {
      await note("status");
      return encodeStatus(someFacts());
    },
    async diagnostics() {
      await note("diagnostics");
      return Buffer.from("an archive");
    },
    async figures() {
      await note("figures");
      return "# HELP a b\n";
    },
    identity: {
      replaceCertificate: (pem) => note("replaceCertificate", pem),
      replaceConfig: (text) => note("replaceConfig", text),
    },
  };
  return fake;
}
