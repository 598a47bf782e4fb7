/**
 * Plays an Octavia controller: the same calls in the same order over mutual TLS, each answer held against the
 * contract (docs/contract/rest-api.md, sections 1.5, 3.1 and 3.5).
 */
import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import { checkServerIdentity } from "node:tls";
import { asError, systemErrorCode } from "../errors.ts";
import type { LoadBalancer, RenderingDocument } from "../render/document/types.ts";
import type { Identity } from "./identity.ts";
import { AMPHORA_ID, API_PORT, LOAD_BALANCER_ID, MEMBER_NETWORK, VIP_NETWORK } from "./scene.ts";

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly durationMs: number;
}

export interface Controller {
  /** Version discovery and `info`: what a controller repeats until a new amphora answers. */
  greet(signal: AbortSignal): Promise<void>;
  plugVip(signal: AbortSignal): Promise<void>;
  plugMemberNetwork(signal: AbortSignal): Promise<void>;
  /**
   * The update sequence: info, details, the whole load balancer as a rendering document, reload.
   * @returns what the reload came to: a start when nothing ran
   */
  update(loadBalancer: LoadBalancer, signal: AbortSignal): Promise<"started" | "reloaded">;
  /** @returns ids of the listeners that run */
  listeners(signal: AbortSignal): Promise<readonly string[]>;
  /** What the deletion of the last listener does. */
  deleteListeners(signal: AbortSignal): Promise<void>;
}

/** A controller's read timeout, `rest_request_read_timeout`, is 60 s; nobody watches a sandbox that long. */
const TIMEOUT_MS = 20_000;
const USER_AGENT = "Octavia HaProxy Rest Client/1.0 (https://wiki.openstack.org/wiki/Octavia)";

export function createController(identity: Identity, onCall: (call: Call) => void): Controller {
  const call = async (wanted: WantedCall, signal: AbortSignal): Promise<Answer> => {
    const startedAt = performance.now();
    const { method, path } = wanted;
    const answer = await exchange(identity, wanted, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      const reason =
        systemErrorCode(error) === "ABORT_ERR" ? `no answer within ${TIMEOUT_MS / 1000} s` : error;
      throw new Error(`${method} ${path}: ${asError(reason).message}`, { cause: error });
    });
    onCall({ method, path, status: answer.status, durationMs: performance.now() - startedAt });
    check(wanted, answer);
    return answer;
  };
  const get = (path: string, signal: AbortSignal) => call({ method: "GET", path, status: 200 }, signal);

  return {
    async greet(signal) {
      const version = await get("//", signal);
      expect(version.json, { api_version: "1.0" }, "GET //");
      await checkedInfo(get, signal);
    },
    async plugVip(signal) {
      const { v4, v6, mac, mtu } = VIP_NETWORK;
      const body = {
        subnet_cidr: v4.cidr,
        gateway: v4.gateway,
        mac_address: mac,
        vrrp_ip: v4.vrrpIp,
        mtu,
        host_routes: [],
        additional_vips: [{ ip_address: v6.vip, subnet_cidr: v6.cidr, gateway: v6.gateway, host_routes: [] }],
      };
      const path = `/1.0/plug/vip/${v4.vip}`;
      const { json } = await call({ method: "POST", path, json: body, status: 202 }, signal);
      const details = `VIPs plugged on interface eth1: ${v4.vip}, ${v6.vipExploded}`;
      expect(json, { message: "OK", details }, `POST ${path}`);
    },
    async plugMemberNetwork(signal) {
      const { mac, mtu, cidr, amphora } = MEMBER_NETWORK;
      const body = {
        mac_address: mac,
        fixed_ips: [{ ip_address: amphora, subnet_cidr: cidr, host_routes: [] }],
        mtu,
      };
      const path = "/1.0/plug/network";
      const { json } = await call({ method: "POST", path, json: body, status: 202 }, signal);
      expect(json, { message: "OK", details: "Plugged on interface eth2" }, `POST ${path}`);
    },
    async update(loadBalancer, signal) {
      const version = await checkedInfo(get, signal);
      const details = await get("/1.0/details", signal);
      if (!isRecord(details.json) || details.json.topology_status !== "OK")
        throw unexpected("details", details);
      const path = `/1.0/loadbalancer/${AMPHORA_ID}/${LOAD_BALANCER_ID}/haproxy`;
      const document = documentOf(loadBalancer, version);
      const etag = createHash("md5").update(JSON.stringify(document)).digest("hex");
      const stored = await call({ method: "PUT", path, json: document, status: 202, etag }, signal);
      expect(stored.json, { message: "OK" }, `PUT ${path}`);
      const reload = `/1.0/loadbalancer/${LOAD_BALANCER_ID}/reload`;
      return reloadOutcome(await call({ method: "PUT", path: reload, status: 202 }, signal));
    },
    async listeners(signal) {
      const { json } = await get("/1.0/listeners", signal);
      if (!Array.isArray(json)) throw new Error("GET /1.0/listeners did not answer with a list");
      return json.map((entry: unknown) => (isRecord(entry) ? String(entry.uuid) : String(entry)));
    },
    async deleteListeners(signal) {
      const path = `/1.0/listeners/${LOAD_BALANCER_ID}`;
      const { json } = await call({ method: "DELETE", path, status: 200 }, signal);
      expect(json, { message: "OK" }, `DELETE ${path}`);
    },
  };
}

type Get = (path: string, signal: AbortSignal) => Promise<Answer>;

/**
 * A controller reads two integers from HAProxy's version, to choose what the configuration may contain.
 * @returns these, for example `2.6`
 */
async function checkedInfo(get: Get, signal: AbortSignal): Promise<string> {
  const info = await get("/1.0/info", signal);
  const text = isRecord(info.json) ? info.json.haproxy_version : undefined;
  const version = typeof text === "string" ? /^\d+\.\d+/.exec(text)?.[0] : undefined;
  if (version === undefined) throw unexpected("info", info);
  return version;
}

/** What the agent renders haproxy.cfg from (docs/contract/rendering.md, section 1). */
function documentOf(loadBalancer: LoadBalancer, haproxyVersion: string): RenderingDocument {
  return {
    format: "octavia-amphora-rendering",
    format_version: 1,
    kind: "haproxy",
    amphora_id: AMPHORA_ID,
    topology: "SINGLE",
    haproxy: { version: haproxyVersion },
    loadbalancer: loadBalancer,
  };
}

const RELOAD_TEXTS = new Map<string, "started" | "reloaded">([
  [`Listener ${LOAD_BALANCER_ID} reloaded`, "reloaded"],
  [`Configuration file is valid\nhaproxy daemon for ${LOAD_BALANCER_ID} started`, "started"],
]);

function reloadOutcome(answer: Answer): "started" | "reloaded" {
  const details = isRecord(answer.json) ? String(answer.json.details) : "";
  const outcome = RELOAD_TEXTS.get(details);
  if (outcome === undefined) throw unexpected("reload", answer);
  return outcome;
}

interface WantedCall {
  readonly method: string;
  readonly path: string;
  /** A JSON body. */
  readonly json?: unknown;
  /** The status that the contract promises. */
  readonly status: number;
  /** The `ETag` that the contract promises: bare hex digits. */
  readonly etag?: string;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: unknown;
}

async function exchange(identity: Identity, wanted: WantedCall, signal: AbortSignal): Promise<Answer> {
  const body = wanted.json === undefined ? undefined : Buffer.from(JSON.stringify(wanted.json));
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const outgoing = request({
    ...{ host: "127.0.0.1", port: API_PORT, method: wanted.method, path: wanted.path, agent: false },
    ...{ key: identity.key, cert: identity.certificate, ca: identity.certificate },
    ...{ minVersion: "TLSv1.2", maxVersion: "TLSv1.2" },
    // Connected by address, so no SNI; the name in the certificate must be the amphora's id all the same.
    servername: "",
    checkServerIdentity: (_host, certificate) => checkServerIdentity(AMPHORA_ID, certificate),
    headers: {
      "User-Agent": USER_AGENT,
      ...(wanted.json === undefined ? {} : { "Content-Type": "application/json" }),
      ...(body === undefined ? {} : { "Content-Length": body.length }),
    },
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  outgoing.on("error", reject);
  outgoing.on("response", (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", reject);
    response.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
    });
  });
  outgoing.end(body);
  return promise;
}

function check(wanted: WantedCall, answer: Answer): void {
  const name = `${wanted.method} ${wanted.path}`;
  if (answer.status !== wanted.status) throw unexpected(name, answer);
  const { etag, "content-type": mediaType } = answer.headers;
  if (mediaType !== "application/json") throw new Error(`${name} answered with media type ${mediaType}`);
  if (wanted.etag !== undefined && etag !== wanted.etag)
    throw new Error(`${name} answered with ETag ${etag} in place of ${wanted.etag}`);
}

function unexpected(name: string, answer: Answer): Error {
  return new Error(`unexpected answer to ${name}: ${answer.status} ${answer.text.slice(0, 1000)}`);
}

function expect(json: unknown, wanted: object, name: string): void {
  const [got, want] = [JSON.stringify(json), JSON.stringify(wanted)];
  if (got !== want) throw new Error(`${name} answered ${got} in place of ${want}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not JSON: the checks say so, with the text.
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
