/**
 * Requests for every route of the route table, right and wrong. A story is a few of them, made from the seed and
 * the story's number alone, so that each can be told again by itself.
 */
import { legacyRoutes } from "../../agent/api/legacy-routes.ts";
import type { Route } from "../../agent/api/route.ts";
import { routes } from "../../agent/api/routes.ts";
import type { Agent } from "../../agent/api/types.ts";
import { type BodyContext, type FuzzWorld, haproxyConfigFor, validBody, wreckedBody } from "./fuzz-bodies.ts";
import { Random } from "./random.ts";

export interface FuzzRequest {
  readonly method: string;
  /** Where it was aimed at, as in the route table; "" for requests that are for no route. */
  readonly route: string;
  readonly path: string;
  readonly body: Buffer;
  /** All that is written, the body included. */
  readonly bytes: Buffer;
  /** How it is sent: HTTP, damaged HTTP that ends with the end of the stream, cut off, or not even TLS. */
  readonly manner: "http" | "damaged" | "vanishing" | "plain";
  /** The answer, where it is certain. */
  readonly expected?: { readonly status: number; readonly body?: Buffer };
}

/** The tables do not depend on what is behind them. */
const NO_AGENT = {} as Agent;
const TABLE: readonly Route[] = [
  ...routes(NO_AGENT),
  ...legacyRoutes(NO_AGENT).map((route) => ({ ...route, path: `/0.5${route.path}` })),
];

/** What costs the machine most is asked for less. */
const WEIGHTS: readonly (readonly [path: RegExp, weight: number])[] = [
  [/:action$/, 0.04],
  [/vrrp\/upload$/, 0.04],
  [/udp_listener$/, 0.2],
  [/haproxy$/, 0.08],
  [/listeners\/:object$/, 0.2],
  [/\/plug\//, 0.1],
  [/interface/, 0.08],
  [/details$/, 0.1],
  [/config$/, 0.1],
  [/\/1.0\/certificate$/, 0.05],
  [/:file$/, 0.5],
];
const weighted = TABLE.map((route) => {
  const known = WEIGHTS.find(([path]) => path.test(route.path));
  return [known?.[1] ?? 1, route] as const;
});

/** Objects that all stories share. */
export const SHARED_IDS = ["0a000000", "0b000000", "0c000000"].map(
  (start) => `${start}-4f2f-4a9d-8b2c-0a4d7f3c2f10`,
);
const BAD_SEGMENTS = [
  "..",
  ".",
  "%2e%2e",
  "a%20b",
  "a%3Bid%3B",
  "a%00b",
  "a%0Ab",
  "-rf",
  "%25h",
  "%C3%A4",
  "%ff",
  "%",
];
const LONG_SEGMENTS = ["a".repeat(65), "a".repeat(300), "a".repeat(5_000), "%41".repeat(1_000)];

export function story(seed: number, number: number, world: FuzzWorld): FuzzRequest[] {
  const random = new Random(seed, number);
  if (random.chance(0.005)) return lifeCycle(random);
  return Array.from({ length: 1 + random.below(8) }, () => anyRequest(random, world));
}

/** One load balancer from upload to deletion; nobody else knows its id, so every answer is certain. */
function lifeCycle(random: Random): FuzzRequest[] {
  const id = random.uuid();
  const config = Buffer.from(haproxyConfigFor(id, 40_000 + random.below(20_000), random.hex(10)));
  const lb = `/1.0/loadbalancer/${id}`;
  const pem = `${random.hex(40)}.pem`;
  const content = random.bytes(100);
  const sent = (
    method: string,
    path: string,
    status: number,
    body?: Buffer,
    answer?: Buffer,
  ): FuzzRequest => ({
    ...http(method, path, body ?? Buffer.alloc(0)),
    expected: { status, ...(answer && { body: answer }) },
  });
  const begin = [
    sent("PUT", `${lb}/certificates/${pem}`, 200, content),
    sent("GET", `${lb}/certificates/${pem}`, 200),
    sent("PUT", `/1.0/loadbalancer/${random.uuid()}/${id}/haproxy`, 202, config),
    sent("GET", `${lb}/haproxy`, 200, undefined, config),
  ];
  const run = ["start", "reload", "stop"].map((action) => sent("PUT", `${lb}/${action}`, 202));
  const end = [
    sent("DELETE", `${lb}/certificates/${pem}`, 200),
    sent("GET", `${lb}/certificates/${pem}`, 404),
    sent("DELETE", `/1.0/listeners/${id}`, 200),
    sent("GET", `${lb}/haproxy`, 404),
    sent("DELETE", `/1.0/listeners/${id}`, 200),
  ];
  return [...begin, ...(random.chance(0.05) ? run : []), ...end];
}

function anyRequest(random: Random, world: FuzzWorld): FuzzRequest {
  const route = random.weighted(weighted);
  const manner = random.weighted<(route: Route) => FuzzRequest>([
    [40, () => toRoute(random, world, route, { valid: true })],
    [35, () => toRoute(random, world, route, { valid: false })],
    [8, () => strayed(random, world, route)],
    [14, () => damaged(random, toRoute(random, world, route, { valid: random.chance(0.7) }))],
    [2, () => vanishing(random, toRoute(random, world, route, { valid: true }))],
    [1, () => plain(random)],
  ]);
  return manner(route);
}

function toRoute(random: Random, world: FuzzWorld, route: Route, { valid }: { valid: boolean }): FuzzRequest {
  const id = random.pick(SHARED_IDS);
  const path = route.path.replace(/:(\w+)/g, (_, name: string) =>
    valid || random.chance(0.6) ? segment(name, id, random) : badSegment(random),
  );
  const context: BodyContext = { random, world, id };
  const right = route.body === "none" ? Buffer.alloc(0) : validBody(route.path, context);
  const body = valid || random.chance(0.3) ? right : wreckedBody(right, random);
  return { ...http(route.method, path, body, headers(random, route, valid)), route: route.path };
}

function segment(name: string, id: string, random: Random): string {
  switch (name) {
    case "action":
      return random.pick(["start", "reload", "stop", "START", "Reload"]);
    case "file":
      return random.pick([`${"ab".repeat(20)}.pem`, `${id}.pem`]);
    case "ip":
    case "vip":
      return random.pick(["203.0.113.5", "2001:db8::5", "10.9.1.7", "198.51.100.1"]);
    default:
      return id;
  }
}

function badSegment(random: Random): string {
  return random.weighted([
    [5, random.pick(BAD_SEGMENTS)],
    [1, random.pick(LONG_SEGMENTS)],
    [2, encodeURIComponent(random.bytes(1 + random.below(12)).toString("latin1"))],
    [1, "haproxy"],
    [1, "%2e%2e%2fetc"],
  ]);
}

function headers(random: Random, { body }: Route, valid: boolean): string[] {
  const type = body === "json" ? ["Content-Type: application/json"] : [];
  if (valid) return type;
  return random.pick([
    type,
    type,
    [],
    ["Content-Type: text/plain"],
    ["Content-Type: application/x+json; charset=latin1"],
    [...type, "Expect: 200-ok"],
    [...type, "Expect: 100-continue"],
    [...type, "Connection: keep-alive"],
    [...type, "Upgrade: websocket", "Connection: Upgrade"],
    [...type, `X-Long: ${"x".repeat(9_000)}`],
    [...type, ...Array.from({ length: 101 }, (_, index) => `X-${index}: y`)],
    [...type, "If-Match: *", "Range: bytes=0-1", "Accept: image/png"],
    [...type, "Content-Encoding: gzip"],
  ]);
}

/** A path that no route has, or a method that the route does not take. */
function strayed(random: Random, world: FuzzWorld, route: Route): FuzzRequest {
  const { path, body } = toRoute(random, world, route, { valid: true });
  const methods = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "QUERY"];
  const other = random.pick([
    path,
    path,
    `${path}/`,
    `/${path}`,
    path.replace("1.0", random.pick(["0.5", "2.0", "1.00", "1.0/1.0"])),
    path.replaceAll("/", "%2f"),
    path.replace(/[^/]+$/, ""),
    `${path}?a=b#c`,
    `http://[::1]:9443${path}`,
    path.toUpperCase(),
    `/${random.hex(8)}`,
    "*",
  ]);
  return http(random.pick(methods), other, random.chance(0.5) ? body : Buffer.alloc(0));
}

function damaged(random: Random, request: FuzzRequest): FuzzRequest {
  const text = request.bytes;
  const at = random.below(text.length + 1);
  const insert = (piece: Buffer | string) =>
    Buffer.concat([text.subarray(0, at), Buffer.from(piece), text.subarray(at)]);
  const fields = (lines: string) =>
    Buffer.from(text.toString("latin1").replace("\r\n", `\r\n${lines}\r\n`), "latin1");
  const bytes = random.pick<() => Buffer>([
    () => random.bytes(1 + random.below(200)),
    () => text.subarray(0, at),
    () => insert(random.bytes(1 + random.below(8))),
    () => insert("\r\n\r\n"),
    () => insert("\0"),
    () =>
      Buffer.concat([text.subarray(0, at), text.subarray(Math.min(text.length, at + 1 + random.below(20)))]),
    () => fields("Transfer-Encoding: chunked"),
    () => fields("Content-Length: 5"),
    () => fields("Content-Length: -1"),
    () => fields("Content-Length: 99999999999999999999"),
    () => fields(`${random.bytes(20).toString("latin1")}: x`),
    () =>
      Buffer.from(
        text.toString("latin1").replace("HTTP/1.1", random.pick(["HTTP/1.0", "HTTP/2.0", "HTTP/9", ""])),
        "latin1",
      ),
    () => Buffer.concat([text, text, text]),
    () => Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    () => chunked(request, random),
    () => Buffer.from("a".repeat(20_000)),
  ])();
  return { ...request, bytes, manner: "damaged" };
}

/** The same request with a body in pieces, some of them wrong. */
function chunked({ method, path, body }: FuzzRequest, random: Random): Buffer {
  const size = random.pick([body.length.toString(16), "0", "zz", "-1", "ffffffffffffffffff", "5;a=b"]);
  const head = `${method} ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), body, Buffer.from("\r\n0\r\n\r\n")]);
}

function vanishing(random: Random, request: FuzzRequest): FuzzRequest {
  return {
    ...request,
    bytes: request.bytes.subarray(0, random.below(request.bytes.length)),
    manner: "vanishing",
  };
}

function plain(random: Random): FuzzRequest {
  const noise = [
    random.bytes(1 + random.below(100)),
    Buffer.from("GET / HTTP/1.1\r\n\r\n"),
    Buffer.from([22, 3, 1, 255, 255, 1]),
  ];
  return { ...http("", "", Buffer.alloc(0)), bytes: random.pick(noise), manner: "plain" };
}

export function http(
  method: string,
  path: string,
  body: Buffer,
  fields: readonly string[] = [],
): FuzzRequest {
  const length =
    body.length > 0 || method === "PUT" || method === "POST" ? [`Content-Length: ${body.length}`] : [];
  const lines = [`${method} ${path} HTTP/1.1`, "Host: amphora", ...length, ...fields];
  const bytes = Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body]);
  return { method, route: "", path, body, bytes, manner: "http" };
}
