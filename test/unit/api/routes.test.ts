import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { after, before, beforeEach, suite, test } from "node:test";
import { AgentError } from "../../../agent/errors.ts";
import type { Ask } from "../../integration/api-client.ts";
import { type ApiFixture, startApi } from "./api-fixture.ts";

const NOT_FOUND =
  '{"error":"404 Not Found: The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.","http_code":404}';
const WRONG_METHOD =
  '{"error":"405 Method Not Allowed: The method is not allowed for the requested URL.","http_code":405}';
const ACCIDENT =
  '{"error":"500 Internal Server Error: The server encountered an internal error and was unable to complete your request. Either the server is overloaded or there is an error in the application.","http_code":500}';
const OK = '{"message":"OK"}';
const JSON_TYPE = { "Content-Type": "application/json" };
const md5 = (text: string) => hash("md5", text);

let api: ApiFixture;
before(async () => {
  api = await startApi();
});
after(() => api[Symbol.asyncDispose]());
beforeEach(() => {
  api.agent.calls.length = 0;
  api.agent.configs.clear();
  api.agent.lvsConfigs.clear();
  api.agent.files.clear();
  api.agent.before = async () => undefined;
});

const ask = (method: string, path: string, options?: Ask) => api.client.ask(method, path, options);

suite("looking", () => {
  test("the version is at / and at //", async () => {
    for (const path of ["/", "//", "//?", "/?a=b"]) {
      const { status, headers, body } = await ask("GET", path);
      assert.deepEqual([status, body], [200, '{"api_version":"1.0"}']);
      assert.equal(headers["content-type"], "application/json");
      assert.equal(headers.connection, "close");
      assert.equal(headers.etag, undefined);
      assert.equal(headers["x-powered-by"], undefined);
    }
  });

  test("info has the contract's keys in the contract's order", async () => {
    assert.equal(
      (await ask("GET", "/1.0/info")).body,
      '{"hostname":"amphora-1","haproxy_version":"2.6.12","api_version":"1.0","keepalived_version":"1:2.2.7","ipvsadm_version":"1:1.31"}',
    );
  });

  test("details put the parts of the agent together, listeners sorted", async () => {
    api.agent.configs.set("lb", Buffer.from(""));
    assert.deepEqual(
      (await ask("GET", "/1.0/details")).body,
      JSON.stringify({
        hostname: "amphora-1",
        haproxy_version: "2.6.12",
        api_version: "1.0",
        networks: { eth1: { network_tx: 1, network_rx: 2 } },
        active: true,
        haproxy_count: 1,
        cpu_count: 2,
        cpu: { total: 10, user: "1", system: "2", soft_irq: "3" },
        memory: { total: 7, free: 6, buffers: 5, cached: 4, swap_used: 3, shared: 2, slab: 1 },
        disk: { used: 1, available: 2 },
        load: ["0.10", "0.20", "0.30"],
        active_tuned_profiles: "",
        topology: "SINGLE",
        topology_status: "OK",
        listeners: ["a", "b"],
        packages: {},
        lvs_listener_process_count: 0,
        keepalived_version: "1:2.2.7",
        ipvsadm_version: "1:1.31",
      }),
    );
  });

  test("listeners keep their order", async () => {
    assert.equal(
      (await ask("GET", "/1.0/listeners")).body,
      '[{"status":"ACTIVE","uuid":"b","type":"HTTP"},{"status":"ACTIVE","uuid":"a","type":"TERMINATED_HTTPS"}]',
    );
  });

  test("LVS listeners follow in the list, and are counted and sorted in among the others in the details", async () => {
    api.agent.lvsConfigs.set("aa", Buffer.from("")).set("a", Buffer.from(""));
    assert.equal(
      (await ask("GET", "/1.0/listeners")).body,
      '[{"status":"ACTIVE","uuid":"b","type":"HTTP"},{"status":"ACTIVE","uuid":"a","type":"TERMINATED_HTTPS"},{"status":"OFFLINE","uuid":"aa","type":"UDP"},{"status":"OFFLINE","uuid":"a","type":"UDP"}]',
    );
    assert.partialDeepStrictEqual(JSON.parse((await ask("GET", "/1.0/details")).body), {
      listeners: ["a", "aa", "b"],
      lvs_listener_process_count: 2,
    });
  });

  test("an interface is found by its address", async () => {
    const { status, body } = await ask("GET", "/1.0/interface/10.0.0.1");
    assert.deepEqual([status, body], [200, '{"message":"OK","interface":"eth1"}']);
  });
});

suite("LVS listeners", () => {
  const path = "/1.0/listeners/amp/li/udp_listener";

  test("an upload answers with the MD5 of the received bytes", async () => {
    const { status, body, headers } = await ask("PUT", path, { body: "virtual_server ä\r\n" });
    assert.deepEqual([status, body, headers.etag], [200, OK, md5("virtual_server ä\r\n")]);
    assert.deepEqual(api.agent.calls, [["uploadLvs", "li", Buffer.from("virtual_server ä\r\n")]]);
  });

  test("a download has the stored bytes as text, and no ETag", async () => {
    api.agent.lvsConfigs.set("li", Buffer.from("a\r\n"));
    const { status, headers, body } = await ask("GET", "/1.0/listeners/li/udp_listener");
    assert.deepEqual([status, body, headers.etag], [200, "a\r\n", undefined]);
    assert.equal(headers["content-type"], "text/plain; charset=UTF-8");
  });

  test("a download of an unknown one is a 404 in JSON", async () => {
    const { status, body } = await ask("GET", "/1.0/listeners/x/udp_listener");
    assert.deepEqual(
      [status, body],
      [404, '{"message":"UDP Listener Not Found","details":"No UDP listener with UUID: x"}'],
    );
  });

  test("actions and deletions go to the LVS listener that has the id", async () => {
    api.agent.lvsConfigs.set("li", Buffer.from(""));
    const acted = await ask("PUT", "/1.0/loadbalancer/li/RELOAD");
    assert.deepEqual(
      [acted.status, acted.body],
      [202, '{"message":"OK","details":"keepalivedlvs listener li reloaded"}'],
    );
    const deleted = await ask("DELETE", "/1.0/listeners/li");
    assert.deepEqual([deleted.status, deleted.body], [200, OK]);
    assert.deepEqual(api.agent.calls, [
      ["actLvs", "li", "reload"],
      ["deleteLvs", "li"],
    ]);
  });

  test("an id that a load balancer has too is the load balancer's", async () => {
    api.agent.lvsConfigs.set("x", Buffer.from(""));
    api.agent.configs.set("x", Buffer.from(""));
    await ask("PUT", "/1.0/loadbalancer/x/stop");
    await ask("DELETE", "/1.0/listeners/x");
    assert.deepEqual(api.agent.calls, [
      ["act", "x", "stop"],
      ["delete", "x"],
    ]);
  });

  test("other methods are wrong there", async () => {
    for (const [method, path] of [
      ["DELETE", "/1.0/listeners/li/udp_listener"],
      ["GET", "/1.0/listeners/amp/li/udp_listener"],
      ["GET", "/1.0/listeners/li"],
    ] as const) {
      const { status, body } = await ask(method, path);
      assert.deepEqual([status, body], [405, WRONG_METHOD], `${method} ${path}`);
    }
  });
});

suite("VRRP", () => {
  test("an upload answers with the MD5 of the received bytes, and is no action", async () => {
    const { status, body, headers } = await ask("PUT", "/1.0/vrrp/upload", { body: "vrrp_instance a\n" });
    assert.deepEqual([status, body, headers.etag], [200, OK, md5("vrrp_instance a\n")]);
    assert.deepEqual(api.agent.calls, [["uploadVrrp", Buffer.from("vrrp_instance a\n")]]);
  });

  test("actions reach the agent in lower case", async () => {
    const { status, body, headers } = await ask("PUT", "/1.0/vrrp/START");
    assert.deepEqual([status, body], [202, '{"message":"OK","details":"keepalived started"}']);
    assert.equal(headers.etag, undefined);
    assert.deepEqual(api.agent.calls, [["actVrrp", "start"]]);
  });

  test("other methods are wrong there", async () => {
    for (const path of ["/1.0/vrrp/upload", "/1.0/vrrp/start"]) {
      const { status, body } = await ask("GET", path);
      assert.deepEqual([status, body], [405, WRONG_METHOD]);
    }
  });
});

suite("load balancers", () => {
  test("an upload answers with the MD5 of the received bytes", async () => {
    const body = "frontend ä\r\n";
    const answer = await ask("PUT", "/1.0/loadbalancer/amp/lb/haproxy", { body });
    assert.deepEqual([answer.status, answer.body, answer.headers.etag], [202, OK, md5(body)]);
    assert.deepEqual(api.agent.calls, [["upload", "amp", "lb", Buffer.from(body)]]);
  });

  test("a chunked upload is the same as one with a length", async () => {
    const text = await api.client.raw(
      "PUT /1.0/loadbalancer/amp/lb/haproxy HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    );
    assert.match(text, /^HTTP\/1\.1 202 /);
    assert.equal(api.agent.configs.get("lb")?.toString(), "abcde");
  });

  test("an upload without a body is an empty one", async () => {
    assert.equal((await ask("PUT", "/1.0/loadbalancer/amp/lb/haproxy")).status, 202);
    assert.equal(api.agent.configs.get("lb")?.length, 0);
  });

  test("a download has the stored bytes as text, and their MD5", async () => {
    api.agent.configs.set("lb", Buffer.from("a\r\n\xff", "latin1"));
    const { status, headers, body } = await ask("GET", "/1.0/loadbalancer/lb/haproxy");
    assert.deepEqual([status, body], [200, "a\r\n\xff"]);
    assert.equal(headers["content-type"], "text/plain; charset=UTF-8");
    assert.equal(headers.etag, hash("md5", Buffer.from("a\r\n\xff", "latin1")));
  });

  test("a download of an unknown one is a JSON 404", async () => {
    const { status, headers, body } = await ask("GET", "/1.0/loadbalancer/lb/haproxy");
    assert.deepEqual(
      [status, body],
      [404, '{"message":"Loadbalancer Not Found","details":"No loadbalancer with UUID: lb"}'],
    );
    assert.equal(headers["content-type"], "application/json");
  });

  test("actions reach the agent in lower case", async () => {
    const { status, body } = await ask("PUT", "/1.0/loadbalancer/lb/RELOAD");
    assert.deepEqual([status, body], [202, '{"message":"OK","details":"Listener lb reloaded"}']);
    assert.deepEqual(api.agent.calls, [["act", "lb", "reload"]]);
  });

  test("an upload without amphora id is an unknown action", async () => {
    const { status, body } = await ask("PUT", "/1.0/loadbalancer/X/haproxy");
    assert.deepEqual(
      [status, body],
      [400, '{"message":"Invalid Request","details":"Unknown action: haproxy"}'],
    );
  });

  test("a delete succeeds", async () => {
    const { status, body } = await ask("DELETE", "/1.0/listeners/lb");
    assert.deepEqual([status, body], [200, OK]);
    assert.deepEqual(api.agent.calls, [["delete", "lb"]]);
  });
});

suite("certificates", () => {
  const path = "/1.0/loadbalancer/lb/certificates/a.pem";

  test("are stored, compared and deleted", async () => {
    const stored = await ask("PUT", path, { body: "pem" });
    assert.deepEqual([stored.status, stored.body, stored.headers.etag], [200, OK, md5("pem")]);
    const compared = await ask("GET", path);
    assert.deepEqual(
      [compared.status, compared.body, compared.headers.etag],
      [200, `{"md5sum":"${md5("pem")}"}`, md5("pem")],
    );
    const deleted = await ask("DELETE", path);
    assert.deepEqual([deleted.status, deleted.body], [200, OK]);
    const missing = await ask("GET", path);
    assert.deepEqual(
      [missing.status, missing.body],
      [404, '{"message":"Certificate Not Found","details":"No certificate with filename: a.pem"}'],
    );
  });

  test("the agent's own is accepted without an ETag", async () => {
    const { status, headers, body } = await ask("PUT", "/1.0/certificate", { body: "pem" });
    assert.deepEqual([status, body, headers.etag], [202, OK, undefined]);
    assert.deepEqual(api.agent.calls, [["replaceCertificate", Buffer.from("pem")]]);
  });
});

test("a new configuration is accepted without an ETag", async () => {
  const { status, headers, body } = await ask("PUT", "/1.0/config", { body: "[DEFAULT]\n" });
  assert.deepEqual([status, body, headers.etag], [202, OK, undefined]);
  assert.deepEqual(api.agent.calls, [["replaceConfig", Buffer.from("[DEFAULT]\n")]]);
});

suite("plugging", () => {
  test("hands the parsed body and the address to the network", async () => {
    const { status, body } = await ask("POST", "/1.0/plug/vip/2001:db8::1", {
      body: '{"mtu":1}',
      headers: JSON_TYPE,
    });
    assert.deepEqual(
      [status, body],
      [202, '{"message":"OK","details":"VIPs plugged on interface eth1: 2001:db8::1"}'],
    );
    assert.deepEqual(api.agent.calls, [["plugVip", "2001:db8::1", { mtu: 1 }]]);
  });

  test("answers for a network", async () => {
    const { status, body } = await ask("POST", "/1.0/plug/network", { body: "[]", headers: JSON_TYPE });
    assert.deepEqual([status, body], [202, '{"message":"OK","details":"Plugged on interface eth2"}']);
    assert.deepEqual(api.agent.calls, [["plugNetwork", []]]);
  });

  test("hands firewall rules and the address to the network", async () => {
    const { status, headers, body } = await ask("PUT", "/1.0/interface/10.0.0.1/rules", {
      body: '[{"port":1}]',
      headers: JSON_TYPE,
    });
    assert.deepEqual([status, body, headers.etag], [200, OK, undefined]);
    assert.deepEqual(api.agent.calls, [["replaceRules", "10.0.0.1", [{ port: 1 }]]]);
  });

  const unusable: Record<string, Ask> = {
    "no body": {},
    "no body of the right type": { headers: JSON_TYPE },
    "broken JSON": { body: "{", headers: JSON_TYPE },
    "no media type": { body: "{}" },
    "another media type": { body: "{}", headers: { "Content-Type": "text/plain" } },
    "not UTF-8": { body: Buffer.from([0x22, 0xff, 0x22]), headers: JSON_TYPE },
    "more than 1 MiB": { body: JSON.stringify("a".repeat(1024 * 1024)), headers: JSON_TYPE },
  };
  for (const [name, options] of Object.entries(unusable)) {
    test(`refuses ${name} in the words of each route`, async () => {
      const vip = await ask("POST", "/1.0/plug/vip/10.0.0.1", options);
      assert.deepEqual(
        [vip.status, vip.body],
        [400, '{"error":"400 Bad Request: Invalid subnet information","http_code":400}'],
      );
      const network = await ask("POST", "/1.0/plug/network", options);
      assert.deepEqual(
        [network.status, network.body],
        [400, '{"error":"400 Bad Request: Invalid port information","http_code":400}'],
      );
      const rules = await ask("PUT", "/1.0/interface/10.0.0.1/rules", options);
      assert.deepEqual(
        [rules.status, rules.body],
        [400, '{"error":"400 Bad Request: Invalid rules information","http_code":400}'],
      );
    });
  }
});

suite("paths and methods", () => {
  for (const path of [
    "/nope",
    "/1.0",
    "/1.0/",
    "/1.0/info/",
    "/1.0/INFO",
    "/1.0//info",
    "/1.0/./info",
    "/0.5",
    "/0.5/",
    "/0.5/info/",
    "/0.5//info",
    "/0.5/config",
    "/0.50/info",
    "/0.5/interface/10.0.0.1/rules",
    "/1.0/loadbalancer/a%2Fb/c/d/haproxy",
    "/1.0/interface/10.0.0.1%2F24",
    "/1.0/plug/network/",
    "*",
  ]) {
    test(`${path} is unknown`, async () => {
      for (const method of ["GET", "PUT", "OPTIONS"]) {
        const { status, headers, body } = await ask(method, path);
        assert.deepEqual([status, body], [404, NOT_FOUND]);
        assert.equal(headers["content-type"], "application/json");
      }
    });
  }

  for (const [method, path] of [
    ["POST", "/"],
    ["DELETE", "/1.0/info"],
    ["TRACE", "/1.0/info"],
    ["PATCH", "/1.0/config"],
    ["GET", "/1.0/loadbalancer/X/start"],
    ["GET", "/1.0/loadbalancer/X/HAPROXY"],
    ["GET", "/1.0/loadbalancer/a%2Fb/haproxy"],
    ["GET", "/1.0/listeners/X"],
    ["GET", "/1.0/plug/network"],
    ["PUT", "/1.0/plug/vip/10.0.0.1"],
    ["GET", "/1.0/interface/10.0.0.1/rules"],
  ] as const) {
    test(`${method} ${path} is a wrong method`, async () => {
      const { status, headers, body } = await ask(method, path);
      assert.deepEqual([status, body, headers.allow], [405, WRONG_METHOD, undefined]);
      assert.deepEqual(api.agent.calls, []);
    });
  }

  for (const [path, methods] of [
    ["/", "GET HEAD OPTIONS"],
    ["/1.0/config", "OPTIONS PUT"],
    ["/1.0/loadbalancer/X/haproxy", "GET HEAD OPTIONS PUT"],
    ["/1.0/loadbalancer/X/start", "OPTIONS PUT"],
    ["/1.0/loadbalancer/X/certificates/a.pem", "DELETE GET HEAD OPTIONS PUT"],
    ["/1.0/plug/network", "OPTIONS POST"],
    ["/1.0/listeners/X", "DELETE OPTIONS"],
  ] as const) {
    test(`OPTIONS ${path} lists ${methods}`, async () => {
      const { status, headers, body } = await ask("OPTIONS", path);
      assert.deepEqual([status, body], [200, ""]);
      assert.equal(headers["content-type"], "text/html; charset=utf-8");
      assert.deepEqual(headers.allow?.split(", ").sort().join(" "), methods);
    });
  }

  for (const path of [
    "/",
    "/1.0/info",
    "/1.0/details",
    "/1.0/listeners",
    "/1.0/interface/x",
    "/1.0/loadbalancer/lb/haproxy",
  ]) {
    test(`HEAD ${path} has the headers of GET and no body`, async () => {
      api.agent.configs.set("lb", Buffer.from("config"));
      const [head, get] = await Promise.all([ask("HEAD", path), ask("GET", path)]);
      assert.equal(head.body, "");
      assert.notEqual(get.body, "");
      assert.deepEqual({ ...head.headers, date: "" }, { ...get.headers, date: "" });
      assert.equal(head.status, get.status);
    });
  }

  for (const [segment, arrives] of [
    ["%2e%2e", ".."],
    ["..", ".."],
    ["a%20b", "a b"],
    ["a%00b", "a\0b"],
    ["a%3Bid%3B", "a;id;"],
    ["%25", "%"],
    ["%c3%a4", "ä"],
  ] as const) {
    test(`the id ${segment} arrives decoded once, otherwise as it is`, async () => {
      await ask("DELETE", `/1.0/listeners/${segment}`);
      assert.deepEqual(api.agent.calls, [["delete", arrives]]);
    });
  }
});

suite("failures", () => {
  test("an accident is a 500 that discloses nothing, and is logged whole", async () => {
    api.agent.before = () => Promise.reject(new TypeError("the secret reason"));
    const { status, headers, body } = await ask("GET", "/1.0/info");
    assert.deepEqual([status, body], [500, ACCIDENT]);
    assert.equal(headers["content-type"], "application/json");
    const line = api.lines.findLast(({ event }) => event === "api.request.failed");
    assert.equal(line?.level, 50);
    assert.match(JSON.stringify(line?.err), /TypeError.*the secret reason.*fake-agent/);
  });

  test("a failing program's words reach the client", async () => {
    const failure = new AgentError("commandFailed", "Error reloading haproxy", { details: "no such unit" });
    api.agent.before = () => Promise.reject(failure);
    const { status, body } = await ask("PUT", "/1.0/loadbalancer/lb/reload");
    assert.deepEqual([status, body], [500, '{"message":"Error reloading haproxy","details":"no such unit"}']);
  });

  test("each request has one log line that says who asked for what and got what", async () => {
    api.lines.length = 0;
    await ask("DELETE", "/1.0/listeners/lb");
    await ask("PUT", "/1.0/loadbalancer/lb/explode");
    await ask("GET", "/");
    const lines = api.lines.map(({ level, event, method, path, status, client, bytes }) => [
      level,
      event,
      method,
      path,
      status,
      client,
      bytes,
    ]);
    assert.deepEqual(lines, [
      [30, "api.request.done", "DELETE", "/1.0/listeners/lb", 200, "CN=controller", 16],
      [30, "api.request.refused", "PUT", "/1.0/loadbalancer/lb/explode", 400, "CN=controller", 65],
      [20, "api.request.done", "GET", "/", 200, "CN=controller", 21],
    ]);
    assert.ok(api.lines.every(({ durationMs }) => typeof durationMs === "number"));
  });
});

test("a look is answered while a change waits", async () => {
  const change = Promise.withResolvers<void>();
  api.agent.before = (method) => (method === "act" ? change.promise : Promise.resolve());
  const reload = ask("PUT", "/1.0/loadbalancer/lb/reload");
  assert.equal((await ask("GET", "/1.0/info")).status, 200);
  change.resolve();
  assert.equal((await reload).status, 202);
});
