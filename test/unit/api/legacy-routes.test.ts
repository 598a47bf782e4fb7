import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { after, before, beforeEach, suite, test } from "node:test";
import { AgentError } from "../../../agent/errors.ts";
import type { Ask } from "../../integration/api-client.ts";
import { type ApiFixture, startApi } from "./api-fixture.ts";

const OK = '{"message":"OK"}';
const JSON_TYPE = { "Content-Type": "application/json" };
const LI = "/0.5/listeners/li";

let api: ApiFixture;
before(async () => {
  api = await startApi();
});
after(() => api[Symbol.asyncDispose]());
beforeEach(() => {
  api.agent.calls.length = 0;
  api.agent.configs.clear();
  api.agent.lvsConfigs.clear();
  api.agent.before = async () => undefined;
});

const ask = (method: string, path: string, options?: Ask) => api.client.ask(method, path, options);
const fetched = async (path: string) => {
  const { status, body } = await ask("GET", path);
  return [status, JSON.parse(body) as Record<string, unknown>] as const;
};

suite("API 0.5", () => {
  test("has no version at its root, and leaves the one of 1.0 alone", async () => {
    assert.equal((await ask("GET", "/0.5")).status, 404);
    assert.equal((await ask("GET", "/")).body, '{"api_version":"1.0"}');
  });

  test("tells its own version, and lists listeners in details unsorted", async () => {
    api.agent.configs.set("b", Buffer.alloc(0)).set("a", Buffer.alloc(0));
    api.agent.lvsConfigs.set("0", Buffer.alloc(0));
    const [status, info] = await fetched("/0.5/info");
    assert.deepEqual([status, info.api_version, info.hostname], [200, "0.5", "amphora-1"]);
    const [, details] = await fetched("/0.5/details");
    assert.deepEqual(
      [details.api_version, details.listeners, details.udp_listener_process_count],
      ["0.5", ["b", "a", "0"], 1],
    );
    assert.equal("lvs_listener_process_count" in details, false);
  });

  test("stores a configuration of a listener, and gives it back", async () => {
    const stored = await ask("PUT", "/0.5/listeners/amp/li/haproxy", { body: "text" });
    assert.deepEqual([stored.status, stored.body, stored.headers.etag], [202, OK, hash("md5", "text")]);
    assert.deepEqual(api.agent.calls, [["upload", "amp", "li", Buffer.from("text")]]);
    const read = await ask("GET", `${LI}/haproxy`);
    assert.deepEqual([read.status, read.body, read.headers.etag], [200, "text", hash("md5", "text")]);
  });

  test("knows no load balancers, also when one is not found", async () => {
    const missing = [404, { message: "Listener Not Found", details: "No listener with UUID: li" }];
    assert.deepEqual(await fetched(`${LI}/haproxy`), missing);
    assert.deepEqual(await fetched(LI), missing);
    api.agent.before = () => Promise.reject(new AgentError("notFound", "Loadbalancer Not Found"));
    const { status, body } = await ask("PUT", `${LI}/start`);
    assert.deepEqual([status, JSON.parse(body)], missing);
  });

  test("acts on a listener and deletes it", async () => {
    api.agent.configs.set("li", Buffer.alloc(0));
    const { status, body } = await ask("PUT", `${LI}/RELOAD`);
    assert.deepEqual([status, body], [202, '{"message":"OK","details":"Listener li reloaded"}']);
    assert.equal((await ask("PUT", `${LI}/explode`)).status, 400);
    const deleted = await ask("DELETE", LI);
    assert.deepEqual([deleted.status, deleted.body], [200, OK]);
  });

  test("forgets a blank in what it says of a UDP listener's action", async () => {
    api.agent.lvsConfigs.set("li", Buffer.alloc(0));
    const { body } = await ask("PUT", `${LI}/start`);
    assert.equal(body, '{"message":"OK","details":"keepalivedlvs listener listarted"}');
  });

  test("lists what was really checked, UDP listeners behind the others", async () => {
    api.agent.configs.set("a", Buffer.alloc(0));
    api.agent.lvsConfigs.set("u", Buffer.alloc(0));
    assert.equal(
      (await ask("GET", "/0.5/listeners")).body,
      '[{"status":"ERROR","uuid":"a","type":""},{"status":"OFFLINE","uuid":"u","type":"UDP"}]',
    );
  });

  test("tells the pools of one listener", async () => {
    api.agent.configs.set("li", Buffer.alloc(0));
    assert.equal(
      (await ask("GET", LI)).body,
      '{"status":"ACTIVE","uuid":"li","type":"HTTP","pools":[{"members":{"m":"DOWN"},"uuid":"p","status":"UP"}]}',
    );
  });

  test("tells of a UDP listener that does not serve no more than that", async () => {
    api.agent.lvsConfigs.set("li", Buffer.alloc(0));
    assert.equal((await ask("GET", LI)).body, '{"status":"OFFLINE","uuid":"li","type":""}');
  });

  test("keeps certificates per listener", async () => {
    const path = `${LI}/certificates/a.pem`;
    assert.equal((await ask("PUT", path, { body: "pem" })).headers.etag, hash("md5", "pem"));
    assert.deepEqual(await fetched(path), [200, { md5sum: hash("md5", "pem") }]);
    assert.equal((await ask("DELETE", path)).body, OK);
    assert.equal((await ask("GET", path)).status, 404);
  });

  test("plugs one VIP, in its own words", async () => {
    const body = '{"mtu":1,"additional_vips":[{}]}';
    const plugged = await ask("POST", "/0.5/plug/vip/2001:db8::1", { body, headers: JSON_TYPE });
    assert.deepEqual(
      [plugged.status, (JSON.parse(plugged.body) as Record<string, unknown>).details],
      [202, "VIP 2001:0db8:0000:0000:0000:0000:0000:0001 plugged on interface eth1"],
    );
    assert.deepEqual(api.agent.calls, [["plugVip", "2001:db8::1", { mtu: 1 }]]);
    api.agent.before = () => Promise.reject(new AgentError("invalidInput", "Invalid VIP: has host bits set"));
    const refused = await ask("POST", "/0.5/plug/vip/10.0.0.1", { body: "{}", headers: JSON_TYPE });
    assert.deepEqual([refused.status, refused.body], [400, '{"message":"Invalid VIP"}']);
  });

  test("refuses a network that is plugged already", async () => {
    await ask("POST", "/0.5/plug/network", { body: "{}", headers: JSON_TYPE });
    assert.deepEqual(api.agent.calls, [["plugNetwork", {}, "refuse"]]);
  });

  for (const [method, path, status] of [
    ["PUT", "/0.5/certificate", 202],
    ["PUT", "/0.5/vrrp/upload", 200],
    ["PUT", "/0.5/vrrp/start", 202],
    ["GET", "/0.5/interface/10.0.0.1", 200],
    ["PUT", "/0.5/listeners/amp/li/udp_listener", 200],
    ["POST", "/0.5/listeners/li/haproxy", 405],
    ["PUT", "/0.5/config", 404],
  ] as const) {
    test(`answers ${method} ${path} with ${status}`, async () => {
      assert.equal((await ask(method, path, method === "PUT" ? { body: "x" } : {})).status, status);
    });
  }
});
