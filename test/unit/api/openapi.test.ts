/** docs/openapi.json beside the route table, and beside what the API really answers. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, suite, test } from "node:test";
import { legacyRoutes } from "../../../agent/api/legacy-routes.ts";
import type { Route } from "../../../agent/api/route.ts";
import { routes } from "../../../agent/api/routes.ts";
import { AgentError, type ErrorCode } from "../../../agent/errors.ts";
import type { Answer } from "../../integration/api-client.ts";
import { type ApiFixture, startApi } from "./api-fixture.ts";

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
  readonly minProperties?: number;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
}
interface Response {
  readonly $ref?: string;
  readonly headers?: object;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly $ref: string }[];
  readonly requestBody?: {
    readonly description: string;
    readonly content: Readonly<Record<string, unknown>>;
  };
  readonly responses: Readonly<Record<string, Response>>;
}

const document = JSON.parse(
  await readFile(new URL("../../../docs/openapi.json", import.meta.url), "utf8"),
) as { paths: Record<string, Record<string, Operation>> };

let api: ApiFixture;
before(async () => {
  api = await startApi();
});
after(() => api[Symbol.asyncDispose]());

/** What `#/a/b` names. */
function resolve<T>(item: T & { readonly $ref?: string }): T {
  if (item.$ref === undefined) return item;
  const found = item.$ref
    .slice(2)
    .split("/")
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
  assert.ok(found, `${item.$ref} is not there`);
  return found as T;
}

/** The part of JSON Schema that the document uses. @returns what does not fit */
function misfit(schema: Schema, value: unknown, where = "body"): string | undefined {
  const { type, enum: values, properties = {}, required = [], items, oneOf, ...rest } = resolve(schema);
  if (oneOf) {
    const fitting = oneOf.filter((one) => misfit(one, value) === undefined);
    return fitting.length === 1 ? undefined : `${where} fits ${fitting.length} of the schemas`;
  }
  const kinds = [type ?? []].flat();
  if (!kinds.includes(kindOf(value)) && !(kinds.includes("number") && kindOf(value) === "integer")) {
    return `${where} is of type ${kindOf(value)}`;
  }
  if (values && !values.includes(value)) return `${where} is ${String(value)}`;
  if (Array.isArray(value)) return items && firstOf(value, (item) => misfit(items, item, `${where}[]`));
  if (kindOf(value) !== "object") return undefined;
  const members = Object.entries(value as object);
  if (members.length < (rest.minProperties ?? 0)) return `${where} is empty`;
  const missing = required.find((key) => !members.some(([name]) => name === key));
  if (missing !== undefined) return `${where}.${missing} is missing`;
  return firstOf(members, ([name, member]) => {
    const known = properties[name] ?? rest.additionalProperties;
    if (known === false) return `${where}.${name} is unknown`;
    return known && misfit(known, member, `${where}.${name}`);
  });
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function firstOf<T>(list: readonly T[], problem: (item: T) => string | undefined): string | undefined {
  for (const item of list) {
    const found = problem(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

const EVERYWHERE = ["400", "500", "503"];
/** Further errors, by docs/contract/rest-api.md, 1.3 and 1.5; section 6 for API 0.5. */
const FURTHER: Readonly<Record<string, string[]>> = {
  "GET /1.0/loadbalancer/{lb}/haproxy": ["404"],
  "PUT /1.0/loadbalancer/{object}/{action}": ["404"],
  "GET /1.0/loadbalancer/{lb}/certificates/{file}": ["404"],
  "PUT /1.0/listeners/{amphora}/{listener}/udp_listener": ["409"],
  "GET /1.0/listeners/{listener}/udp_listener": ["404"],
  "POST /1.0/plug/vip/{vip}": ["404", "409"],
  "POST /1.0/plug/network": ["404"],
  "GET /1.0/interface/{ip}": ["404"],
  "PUT /1.0/interface/{ip}/rules": ["404"],
  "GET /0.5/listeners/{listener}/haproxy": ["404"],
  "GET /0.5/listeners/{listener}": ["404"],
  "PUT /0.5/listeners/{listener}/{action}": ["404"],
  "GET /0.5/listeners/{lb}/certificates/{file}": ["404"],
  "PUT /0.5/listeners/{amphora}/{listener}/udp_listener": ["409"],
  "GET /0.5/listeners/{listener}/udp_listener": ["404"],
  "POST /0.5/plug/vip/{vip}": ["404", "409"],
  "POST /0.5/plug/network": ["404", "409"],
  "GET /0.5/interface/{ip}": ["404"],
};
const VALUES: Readonly<Record<string, string>> = {
  action: "start",
  file: "a.pem",
  vip: "10.0.0.1",
  ip: "10.0.0.1",
};
const CODES: Readonly<Record<string, ErrorCode>> = {
  400: "invalidInput",
  404: "notFound",
  409: "conflict",
  500: "commandFailed",
  503: "unavailable",
};

const table: readonly Route[] = [
  ...routes({} as never),
  ...legacyRoutes({} as never).map((route) => ({ ...route, path: `/0.5${route.path}` })),
];

suite("the description of the API", () => {
  test("has every route of the table, and no other", () => {
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(described.sort(), table.map(nameOf).sort());
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    assert.equal(new Set(ids).size, ids.length);
  });

  for (const route of table) {
    const name = nameOf(route);
    const { parameters = [], requestBody, responses } = operationOf(route);
    const success = Object.keys(responses).filter((status) => status.startsWith("2"));

    test(`${name}: parameters, kind of body and statuses are the route's`, () => {
      const declared = parameters.map((one) => resolve<{ name?: string; in?: string }>(one));
      assert.deepEqual(
        declared.map((one) => [one.name, one.in]),
        parametersOf(route).map((parameter) => [parameter, "path"]),
      );
      const raw = route.document === undefined ? ["*/*"] : ["application/json", "*/*"];
      const kind = { none: undefined, raw, json: ["application/json"] }[route.body];
      assert.deepEqual(requestBody && Object.keys(requestBody.content), kind);
      if (requestBody) assert.equal(requestBody.description, `At most ${route.limit} bytes.`);
      const errors = [...EVERYWHERE, ...(FURTHER[name] ?? [])].sort();
      assert.deepEqual(Object.keys(responses).sort(), [...success, ...errors].sort());
      assert.equal(success.length, 1);
    });

    test(`${name}: answers are as described, good and bad`, async () => {
      api.agent.before = async () => undefined;
      for (const store of [api.agent.configs, api.agent.lvsConfigs]) store.clear();
      (path.includes("udp_listener") ? api.agent.lvsConfigs : api.agent.configs).set(
        "x",
        Buffer.from("text"),
      );
      api.agent.files.set("x/a.pem", Buffer.from("pem"));
      const good = await request();
      assert.deepEqual([String(good.status)], success, good.body);
      fits(good, responses[good.status]);
      for (const [status, code] of Object.entries(CODES)) {
        if (responses[status] === undefined) continue;
        // R1 asks nothing of the agent.
        if (route.path === "/") continue;
        api.agent.before = () => Promise.reject(new AgentError(code, "no", { details: "because" }));
        const bad = await request();
        assert.equal(String(bad.status), status);
        fits(bad, responses[status]);
      }
      api.agent.before = () => Promise.reject(new Error("an accident"));
      if (route.path !== "/") fits(await request(), responses[500]);
    });

    const path = route.path.replace(/:(\w+)/g, (_, parameter: string) => VALUES[parameter] ?? "x");
    const request = () =>
      api.client.ask(route.method, path, {
        ...(route.body === "json" && { headers: { "Content-Type": "application/json" } }),
        ...(route.body !== "none" && { body: "{}" }),
      });
  }
});

function fits({ headers, body }: Answer, described: Response | undefined): void {
  assert.ok(described);
  const { headers: documented, content = {} } = resolve(described);
  assert.deepEqual(headers["content-type"], Object.keys(content)[0]);
  assert.equal(headers.etag !== undefined, documented !== undefined, "an ETag");
  const schema = content["application/json"]?.schema;
  if (schema) assert.equal(misfit(schema, JSON.parse(body)), undefined, body);
}

function nameOf({ method, path }: Route): string {
  return `${method} ${path.replace(/:(\w+)/g, "{$1}")}`;
}

function parametersOf({ path }: Route): string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, parameter = ""]) => parameter);
}

function operationOf(route: Route): Operation {
  const [method = "", path = ""] = nameOf(route).split(" ");
  const operation = document.paths[path]?.[method.toLowerCase()];
  assert.ok(operation, `${nameOf(route)} is not described; run: npm run docs`);
  return operation;
}
