/** Describes the REST API in OpenAPI 3.1: paths, methods, parameters and bodies from the route table, words from here. */
import { agentRoutes } from "../agent/api/agent-routes.ts";
import { legacyRoutes } from "../agent/api/legacy-routes.ts";
import type { Route } from "../agent/api/route.ts";
import { routes } from "../agent/api/routes.ts";
import type { Agent } from "../agent/api/types.ts";
import { integer, list, moment, object, oneOf, optional, reference, string } from "./openapi-schema.ts";
import { STATUS } from "./openapi-status.ts";

interface Words {
  readonly summary: string;
  /** Status and content of a success: a schema's name, or a kind of text. */
  readonly success: readonly [status: number, content: string, etag?: "ETag"];
  /** Schema of a JSON body. */
  readonly body?: string;
  /** Beside 400, 500 and 503, which every route may answer. */
  readonly errors?: Readonly<Record<number, string>>;
}

/** Types of answers that are not JSON. */
const TEXTS: Readonly<Record<string, string>> = {
  text: "text/plain; charset=UTF-8",
  metrics: "text/plain; version=0.0.4",
  archive: "application/gzip",
};

const NO_LOAD_BALANCER = "No such load balancer";
const NO_LISTENER = "No such listener";
const NO_LINK = "No link with this MAC address on this machine; controllers try again";

const upload: Words = {
  summary: "Store, check and activate a HAProxy configuration",
  success: [202, "Ok", "ETag"],
};
const info: Words = { summary: "Host name and versions", success: [200, "Info"] };
const details: Words = { summary: "State of the machine", success: [200, "Details"] };
const listeners: Words = { summary: "All listeners", success: [200, "Listeners"] };
const act: Words = { summary: "Start, stop or reload", success: [202, "OkWithDetails"] };
const remove: Words = { summary: "Stop and delete; unknown ids succeed", success: [200, "Ok"] };
const plugVip: Words = {
  summary: "Plug the VIP port",
  success: [202, "OkWithDetails"],
  body: "VipPort",
  errors: { 404: NO_LINK, 409: "The port is plugged already, and works" },
};
const plugNetwork: Words = {
  summary: "Plug a member port, or change one",
  success: [202, "OkWithDetails"],
  body: "MemberPort",
  errors: { 404: NO_LINK },
};

const WORDS: Readonly<Record<string, Words>> = {
  "GET /": { summary: "Version of the API", success: [200, "Version"] },
  "GET /1.0/info": info,
  "GET /1.0/details": details,
  "GET /1.0/listeners": listeners,
  "PUT /1.0/loadbalancer/:amphora/:lb/haproxy": upload,
  "GET /1.0/loadbalancer/:lb/haproxy": {
    summary: "The stored HAProxy configuration",
    success: [200, "text", "ETag"],
    errors: { 404: NO_LOAD_BALANCER },
  },
  "PUT /1.0/loadbalancer/:object/:action": { ...act, errors: { 404: NO_LOAD_BALANCER } },
  "DELETE /1.0/listeners/:object": remove,
  "PUT /1.0/loadbalancer/:lb/certificates/:file": {
    summary: "Store a file of TLS material",
    success: [200, "Ok", "ETag"],
  },
  "GET /1.0/loadbalancer/:lb/certificates/:file": {
    summary: "MD5 of a stored file",
    success: [200, "Md5", "ETag"],
    errors: { 404: "No such file" },
  },
  "DELETE /1.0/loadbalancer/:lb/certificates/:file": {
    summary: "Delete a file; an absent one succeeds",
    success: [200, "Ok"],
  },
  "PUT /1.0/listeners/:amphora/:listener/udp_listener": {
    summary: "Store a keepalived configuration of a UDP or SCTP listener",
    success: [200, "Ok", "ETag"],
    errors: { 409: "The image lacks the check script" },
  },
  "GET /1.0/listeners/:listener/udp_listener": {
    summary: "The stored keepalived configuration of a listener",
    success: [200, "text"],
    errors: { 404: NO_LISTENER },
  },
  "PUT /1.0/vrrp/upload": {
    summary: "Store the keepalived configuration of the amphora",
    success: [200, "Ok", "ETag"],
  },
  "PUT /1.0/vrrp/:action": {
    summary: "Start, stop or reload keepalived",
    success: [202, "OkWithDetails"],
  },
  "POST /1.0/plug/vip/:vip": plugVip,
  "POST /1.0/plug/network": plugNetwork,
  "PUT /1.0/certificate": {
    summary: "Replace the agent's own key and certificate; the next connection uses them",
    success: [202, "Ok"],
  },
  "PUT /1.0/config": {
    summary: "Replace the agent's configuration file and apply its mutable options",
    success: [202, "Ok"],
  },
  "GET /1.0/interface/:ip": {
    summary: "Name of the interface that has an address",
    success: [200, "Interface"],
    errors: { 404: "No interface has the address" },
  },
  "PUT /1.0/interface/:ip/rules": {
    summary: "Replace the firewall rules of the VIP port",
    success: [200, "Ok"],
    body: "Rules",
    errors: { 404: "No interface has the address" },
  },
};

const LEGACY_WORDS: Readonly<Record<string, Words>> = {
  "GET /info": info,
  "GET /details": { ...details, success: [200, "LegacyDetails"] },
  "GET /listeners": listeners,
  "PUT /listeners/:amphora/:listener/haproxy": upload,
  "GET /listeners/:listener/haproxy": {
    summary: "The stored HAProxy configuration",
    success: [200, "text", "ETag"],
    errors: { 404: NO_LISTENER },
  },
  "GET /listeners/:listener": {
    summary: "Status and pools of a listener",
    success: [200, "ListenerWithPools"],
    errors: { 404: NO_LISTENER },
  },
  "PUT /listeners/:listener/:action": { ...act, errors: { 404: NO_LISTENER } },
  "DELETE /listeners/:listener": remove,
  "POST /plug/vip/:vip": plugVip,
  "POST /plug/network": {
    ...plugNetwork,
    summary: "Plug a member port",
    errors: { 404: NO_LINK, 409: "The port is plugged already, and works" },
  },
};

/** Below `/agent/v1`. */
const AGENT_WORDS: Readonly<Record<string, Words>> = {
  "GET /status": {
    summary: "How this amphora is, and what is wrong: `amphora status --json` (docs/status.md)",
    success: [200, "Status"],
  },
  "GET /metrics": {
    summary: "The agent's own figures in Prometheus's text format (docs/metrics.md)",
    success: [200, "metrics"],
  },
  "GET /diagnostics": {
    summary: "What a bug report needs, without secrets: `amphora doctor --report` (docs/diagnosis.md)",
    success: [200, "archive"],
  },
  "GET /history": {
    summary: "The last 20 changes of each load balancer, by its id: `amphora history --json`",
    success: [200, "History"],
  },
};

/** 1.0's words, for a row that API 0.5 has under another path. */
function sameAs(route: Route, all: readonly Route[]): Words | undefined {
  const original = all.find(({ method, path }) => method === route.method && tail(path) === tail(route.path));
  return original && WORDS[keyOf(original)];
}

const tail = (path: string): string => path.replace(/^(?:\/1\.0)?(?:\/loadbalancer|\/listeners)?/, "");
const keyOf = ({ method, path }: Route): string => `${method} ${path}`;

/** @throws Error for a route that has no words, or words that have no route */
export function describeApi(version: string): object {
  // No row looks at the agent before it answers.
  const agent = {} as Agent;
  const current = routes(agent);
  const legacy = legacyRoutes(agent);
  const own = agentRoutes(agent);
  const paths: Record<string, Record<string, object>> = {};
  const add = (route: Route, prefix: string, words: Words | undefined, tag: string) => {
    if (!words) throw new Error(`scripts/openapi.ts has no words for ${keyOf(route)}`);
    const path = `${prefix}${route.path}`.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, path, words, tag) };
  };
  for (const route of current) add(route, "", WORDS[keyOf(route)], "1.0");
  for (const route of legacy) {
    add(route, "/0.5", LEGACY_WORDS[keyOf(route)] ?? sameAs(route, current), "0.5");
  }
  for (const route of own) add(route, "/agent/v1", AGENT_WORDS[keyOf(route)], "agent");
  const unused = [
    { words: AGENT_WORDS, table: own },
    { words: WORDS, table: current },
    { words: LEGACY_WORDS, table: legacy },
  ].flatMap(({ words, table }) =>
    Object.keys(words).filter((key) => !table.some((route) => keyOf(route) === key)),
  );
  if (unused.length > 0) throw new Error(`scripts/openapi.ts describes no route: ${unused.join(", ")}`);
  return {
    openapi: "3.1.0",
    info: {
      title: "amphora-agent",
      version,
      description:
        "REST API of an Octavia amphora. Every answer closes its connection. HEAD works where GET does, OPTIONS everywhere. The truth is docs/contract/rest-api.md; this page is generated from the route table.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "https://{amphora}:9443", variables: { amphora: { default: "localhost" } } }],
    security: [{ controller: [] }],
    tags: [
      { name: "1.0", description: "One HAProxy per load balancer: clouds since Stein." },
      { name: "0.5", description: "One HAProxy per listener: clouds before Stein." },
      { name: "agent", description: "Beyond upstream's API: read only, and where no controller looks." },
    ],
    paths,
    components: {
      securitySchemes: {
        controller: { type: "mutualTLS", description: "A certificate of an authority in `agent_server_ca`." },
      },
      headers: { ETag: { description: "MD5 in hexadecimal, without quotes.", schema: { type: "string" } } },
      parameters: PARAMETERS,
      responses: RESPONSES,
      schemas: SCHEMAS,
    },
  };
}

function operation(route: Route, path: string, words: Words, tag: string): object {
  const [status, content, etag] = words.success;
  const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name = ""]) => name);
  return {
    operationId: `${route.method.toLowerCase()}${path.replace(/[^A-Za-z0-9]+(\w?)/g, (_, next: string) => next.toUpperCase())}`,
    tags: [tag],
    summary: words.summary,
    ...(names.length > 0 && { parameters: names.map((name) => reference("parameters", name)) }),
    ...requestBody(route, words),
    responses: {
      [status]: {
        description: "Done",
        ...(etag && { headers: { ETag: reference("headers", "ETag") } }),
        content:
          content in TEXTS
            ? { [TEXTS[content] ?? ""]: { schema: string } }
            : { "application/json": { schema: reference("schemas", content) } },
      },
      400: reference("responses", "Refused"),
      ...Object.fromEntries(
        Object.entries(words.errors ?? {}).map(([code, description]) => [code, failure(description)]),
      ),
      500: reference("responses", "Failed"),
      503: reference("responses", "Busy"),
    },
  };
}

function requestBody({ body, limit, document }: Route, words: Words): object {
  const description = `At most ${limit} bytes.`;
  if (body === "none") return {};
  if (body === "raw") {
    const rendered = { "application/json": { schema: { $ref: "contract/rendering.schema.json" } } };
    const content = { ...(document && rendered), "*/*": { schema: { type: "string" } } };
    return { requestBody: { description, content } };
  }
  if (words.body === undefined) throw new Error(`no schema for the body of "${words.summary}"`);
  const content = { "application/json": { schema: reference("schemas", words.body) } };
  return { requestBody: { description, required: true, content } };
}

function failure(description: string): object {
  return { description, content: { "application/json": { schema: reference("schemas", "Error") } } };
}

const RESPONSES = {
  Refused: failure("The request cannot be used, and has changed nothing"),
  Failed: failure("A program or the machine failed"),
  Busy: failure("Too many uploads at once, or no result in time; the work goes on"),
};

function parameter(name: string, description: string, schema: object = string): object {
  return { name, in: "path", required: true, description, schema };
}

const ID = { type: "string", pattern: "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$" };
const PARAMETERS = {
  amphora: parameter("amphora", "Id of the amphora; HAProxy's peer name comes from it."),
  lb: parameter("lb", "Id of a load balancer, below `/0.5` of a listener.", ID),
  listener: parameter("listener", "Id of a listener.", ID),
  object: parameter("object", "Id of a load balancer, or of a UDP or SCTP listener.", ID),
  action: parameter("action", "In upper or lower case.", {
    type: "string",
    enum: ["start", "stop", "reload"],
  }),
  file: parameter("file", "Name of a file.", {
    type: "string",
    pattern: "^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*\\.pem$",
  }),
  vip: parameter("vip", "IPv4 or IPv6 address."),
  ip: parameter("ip", "IPv4 or IPv6 address."),
};

const HOST_ROUTES = { type: ["array", "null"], items: object({ destination: string, nexthop: string }) };
const ADDRESS = {
  ip_address: string,
  subnet_cidr: string,
  gateway: optional(string),
  host_routes: HOST_ROUTES,
};
const VIP_FIELDS = {
  subnet_cidr: string,
  gateway: optional(string),
  mac_address: string,
  mtu: optional(integer),
  vrrp_ip: optional(string),
  host_routes: HOST_ROUTES,
  additional_vips: { type: "array", items: object(ADDRESS) },
  is_sriov: optional({ type: "boolean" }),
};
/** Controllers may send more than an agent knows. */
function request(properties: Record<string, object>, required: string[]): object {
  return { type: "object", properties, required };
}

const INFO = {
  hostname: string,
  haproxy_version: string,
  api_version: { type: "string", enum: ["1.0", "0.5"] },
  keepalived_version: string,
  ipvsadm_version: string,
};
const integers = (...names: string[]): object =>
  object(Object.fromEntries(names.map((name) => [name, integer])));
const DETAILS = {
  ...INFO,
  networks: { type: "object", additionalProperties: integers("network_tx", "network_rx") },
  active: { type: "boolean" },
  haproxy_count: integer,
  cpu_count: integer,
  cpu: object({ total: integer, user: string, system: string, soft_irq: string }),
  memory: integers("total", "free", "buffers", "cached", "swap_used", "shared", "slab"),
  disk: integers("used", "available"),
  load: { type: "array", items: string },
  active_tuned_profiles: string,
  topology: string,
  topology_status: string,
  listeners: { type: "array", items: string },
  packages: { type: "object" },
};
const VRRP_INSTANCE = object({
  name: string,
  role: { type: "string", enum: ["MASTER", "BACKUP", "FAULT"] },
  since: { type: "string", format: "date-time" },
});
/** Only where keepalived is configured. */
const VRRP = { vrrp_instances: { type: "array", items: VRRP_INSTANCE } };
const LISTENER = {
  status: { type: "string", enum: ["ACTIVE", "OFFLINE", "ERROR"] },
  uuid: string,
  type: { type: "string", enum: ["HTTP", "TCP", "TERMINATED_HTTPS", "UDP", ""] },
};
const POOL = object({
  members: { type: "object", additionalProperties: string },
  uuid: string,
  status: { type: "string", enum: ["UP", "DOWN"] },
});
const OK = { type: "string", enum: ["OK"] };

function detailsWith(count: string): object {
  const always = { ...DETAILS, [count]: integer };
  return object({ ...always, ...VRRP }, Object.keys(always));
}

const SCHEMAS = {
  Ok: object({ message: OK }),
  OkWithDetails: object({ message: OK, details: string }),
  Version: object({ api_version: { type: "string", enum: ["1.0"] } }),
  Info: object(INFO),
  Details: detailsWith("lvs_listener_process_count"),
  LegacyDetails: detailsWith("udp_listener_process_count"),
  Listeners: { type: "array", items: object(LISTENER) },
  ListenerWithPools: object({ ...LISTENER, pools: { type: "array", items: POOL } }, Object.keys(LISTENER)),
  Md5: object({ md5sum: string }),
  Interface: object({ message: OK, interface: string }),
  VipPort: request(VIP_FIELDS, ["subnet_cidr", "gateway", "mac_address"]),
  MemberPort: request(
    {
      mac_address: string,
      fixed_ips: { type: ["array", "null"], items: request(ADDRESS, ["ip_address", "subnet_cidr"]) },
      mtu: optional(integer),
      vip_net_info: request({ vip: string, ...VIP_FIELDS }, ["vip", "subnet_cidr", "gateway"]),
      is_sriov: optional({ type: "boolean" }),
    },
    ["mac_address"],
  ),
  Rules: {
    type: "array",
    items: object({
      protocol: { type: "string", enum: ["TCP", "UDP", "SCTP", "vrrp"] },
      cidr: optional(string),
      port: { type: "integer", minimum: 1, maximum: 65_535 },
    }),
  },
  Status: STATUS,
  History: {
    type: "object",
    additionalProperties: list(
      object(
        {
          at: moment,
          how: oneOf("start", "runtime", "reload", "rolled back", "failed"),
          changes: list(string),
          durationMs: integer,
          reason: string,
        },
        ["at", "how", "changes", "durationMs"],
      ),
    ),
  },
  HandlerError: {
    description: "What a handler itself refuses.",
    ...object({ message: string, details: string }, []),
    minProperties: 1,
  },
  FrameworkError: {
    description: "Routing, bodies that cannot be read, and accidents.",
    ...object({ error: string, http_code: integer }),
  },
  Error: { oneOf: [reference("schemas", "HandlerError"), reference("schemas", "FrameworkError")] },
};
