import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { after, before, beforeEach, suite, test } from "node:test";
import haproxy from "../../vectors/rendering/haproxy/monitor-thresholds.json" with { type: "json" };
import lvs from "../../vectors/rendering/keepalived-lvs/udp-monitor-tcp.json" with { type: "json" };
import vrrp from "../../vectors/rendering/keepalived-vrrp/master.json" with { type: "json" };
import { type ApiFixture, startApi } from "./api-fixture.ts";

const LB = haproxy.document.loadbalancer.loadbalancer_id;
const UPLOADS = [
  { kind: "haproxy", path: `/1.0/loadbalancer/amp/${LB}/haproxy`, status: 202, vector: haproxy },
  {
    kind: "keepalived-lvs",
    path: `/1.0/listeners/amp/${lvs.document.listener_id}/udp_listener`,
    status: 200,
    vector: lvs,
  },
  { kind: "keepalived-vrrp", path: "/1.0/vrrp/upload", status: 200, vector: vrrp },
] as const;
const [HAPROXY] = UPLOADS;

let api: ApiFixture;
before(async () => {
  api = await startApi();
});
after(() => api[Symbol.asyncDispose]());
beforeEach(() => {
  api.agent.calls.length = 0;
});

const put = (path: string, body: string, type: string) =>
  api.client.ask("PUT", path, { body, headers: { "Content-Type": type } });
/** What reached the agent: the last argument of the only call. */
const stored = (): string => {
  const [call, ...others] = api.agent.calls;
  assert.equal(others.length, 0);
  return String(call?.at(-1));
};

for (const { kind, path, status, vector } of UPLOADS) {
  suite(`an upload of ${kind}`, () => {
    const body = JSON.stringify(vector.document);

    for (const type of ["application/json", "application/json; charset=utf-8", "Application/JSON"]) {
      test(`as ${type} is rendered, and answered with the MD5 of the received bytes`, async () => {
        const answer = await put(path, body, type);
        assert.deepEqual([answer.status, answer.body], [status, '{"message":"OK"}']);
        assert.equal(answer.headers.etag, hash("md5", body));
        assert.equal(stored(), vector.expected);
      });
    }

    for (const type of [
      "text/plain",
      "application/octet-stream",
      "application/jsonl",
      "application/problem+json",
    ]) {
      test(`as ${type} is stored as it is`, async () => {
        const answer = await put(path, body, type);
        assert.equal(answer.status, status);
        assert.equal(answer.headers.etag, hash("md5", body));
        assert.equal(stored(), body);
      });
    }

    test("of a document of another kind is refused", async () => {
      const other = kind === "haproxy" ? vrrp : haproxy;
      const answer = await put(path, JSON.stringify(other.document), "application/json");
      assert.equal(answer.status, 400);
      assert.deepEqual(JSON.parse(answer.body), {
        message: "Invalid request",
        details: `$.kind: expected ${kind}; found "${other.document.kind}"`,
      });
      assert.deepEqual(api.agent.calls, []);
    });
  });
}

test("a document says where it is wrong, what was expected and what was found; nothing changes", async () => {
  const body = JSON.stringify(haproxy.document).replace('"protocol":"HTTP"', '"protocol":"htp"');
  const answer = await put(HAPROXY.path, body, "application/json");
  assert.deepEqual([answer.status, answer.headers["content-type"]], [400, "application/json"]);
  assert.equal(answer.headers.etag, undefined);
  assert.match(
    answer.body,
    /^\{"message":"Invalid request","details":"\$\.loadbalancer\.listeners\[0\]\.protocol: expected one of HTTP, HTTPS, [^"]+; found \\"htp\\""\}$/,
  );
  assert.deepEqual(api.agent.calls, []);
});

test("a document is for the load balancer or the listener in the path", async () => {
  const [, { vector }] = UPLOADS;
  const lb = await put(
    "/1.0/loadbalancer/amp/other/haproxy",
    JSON.stringify(haproxy.document),
    "application/json",
  );
  assert.equal(
    detailsOf(lb.body),
    `$.loadbalancer.loadbalancer_id: expected other, as in the path; found "${LB}"`,
  );
  const listener = await put(
    "/1.0/listeners/amp/other/udp_listener",
    JSON.stringify(vector.document),
    "application/json",
  );
  assert.equal(
    detailsOf(listener.body),
    `$.listener_id: expected other, as in the path; found "${vector.document.listener_id}"`,
  );
  assert.deepEqual(api.agent.calls, []);
});

test("an empty body is no document, and an empty text without a media type", async () => {
  const answer = await put(HAPROXY.path, "", "application/json");
  assert.equal(answer.status, 400);
  assert.match(
    answer.body,
    /^\{"message":"Invalid request","details":"\$: expected a JSON document in UTF-8; found /,
  );
  assert.equal((await api.client.ask("PUT", HAPROXY.path)).status, 202);
});

function detailsOf(body: string): string {
  return (JSON.parse(body) as { details: string }).details;
}
