/** docs/openapi.json beside the route table, and beside what the API really answers. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { agentRoutes } from "../../../agent/api/agent-routes.ts";
import { legacyRoutes } from "../../../agent/api/legacy-routes.ts";
import type { Route } from "../../../agent/api/route.ts";
import { routes } from "../../../agent/api/routes.ts";
import { AgentError, type ErrorCode } from "../../../agent/errors.ts";
import type { Answer } from "../../integration/api-client.ts";
import { type ApiFixture, startApi } from "./api-fixture.ts";
import { document, misfit, type Operation, type Response, resolve } from "./described-api.ts";

let api: ApiFixture;
before(async () => {
  api = await startApi();
});
after(() => api[Symbol.asyncDispose]());

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
  ...agentRoutes({} as never).map((route) => ({ ...route, path: `/agent/v1${route.path}` })),
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
