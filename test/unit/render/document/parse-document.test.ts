import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDocument } from "../../../../agent/render/document/parse-document.ts";
import { DocumentError } from "../../../../agent/render/document/problem.ts";
import haproxy from "../../../vectors/rendering/haproxy/monitor-thresholds.json" with { type: "json" };
import vrrp from "../../../vectors/rendering/keepalived-vrrp/master.json" with { type: "json" };

const encode = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

test("takes a document as a controller sends it", () => {
  assert.deepEqual(parseDocument(encode(haproxy.document)), haproxy.document);
});

test("says where a value is wrong, what was expected and what was found", () => {
  const document = structuredClone(haproxy.document);
  Object.assign(document.loadbalancer.pools[0] ?? {}, { protocol: "htp" });
  assert.deepEqual(refusal(encode(document)), [
    '$.loadbalancer.pools[0].protocol: expected one of HTTP, HTTPS, TCP, PROXY, PROXYV2, UDP, SCTP; found "htp"',
  ]);
});

test("says what a missing value should have been", () => {
  const { listeners: _, ...loadbalancer } = haproxy.document.loadbalancer;
  assert.deepEqual(refusal(encode({ ...haproxy.document, loadbalancer })), [
    "$.loadbalancer.listeners: expected an array; found nothing",
  ]);
});

test("tells all that is wrong at once, up to a limit", () => {
  const document = structuredClone(haproxy.document);
  Object.assign(document, { format_version: 2, extra: 1 });
  Object.assign(document.haproxy, { version: "2.x" });
  assert.deepEqual(refusal(encode(document)), [
    "$.format_version: expected 1; found 2",
    '$.haproxy.version: expected numbers separated by dots; found "2.x"',
    "$.extra: expected no such property (there are format, format_version, kind, amphora_id, listener_id, topology, amphorae, haproxy, host, certificates, vrrp, settings, loadbalancer); found 1",
  ]);
  const listeners = Array.from({ length: 500 }, () => ({}));
  const lines = refusal(encode({ ...haproxy.document, loadbalancer: { listeners } }));
  assert.equal(lines.length, 11);
  assert.match(lines.at(-1) ?? "", /^and \d+ more$/);
});

for (const [title, value, found] of [
  ["a line break", "10.0.0.1\nserver x", '"10.0.0.1\\nserver x"'],
  ["a carriage return", "10.0.0.1\rx", '"10.0.0.1\\rx"'],
  ["a NUL character", "10.0.0.1\0", '"10.0.0.1\\u0000"'],
]) {
  test(`refuses ${title} in a value that is printed, and shows it without printing it`, () => {
    const document = structuredClone(haproxy.document);
    Object.assign(document.loadbalancer, { vip_address: value });
    assert.deepEqual(refusal(encode(document)), [
      `$.loadbalancer.vip_address: expected text without a line break or NUL character; found ${found}`,
    ]);
  });
}

test("does not repeat a long value, nor the password of a VRRP group", () => {
  const document = structuredClone(vrrp.document);
  Object.assign(document.vrrp.group, { vrrp_auth_pass: "hidden\n" });
  Object.assign(document.loadbalancer, { loadbalancer_id: "a ".repeat(500_000) });
  assert.deepEqual(refusal(encode(document)), [
    "$.vrrp.group.vrrp_auth_pass: expected text without a line break or NUL character; found a string that is not shown",
    `$.loadbalancer.loadbalancer_id: expected an id of letters, digits, _, . and -; found "${"a ".repeat(30)}"… (999940 more characters)`,
  ]);
});

test("names properties that are no identifiers in brackets", () => {
  const document = { ...haproxy.document, certificates: { pools: { 'a"b\n': { crl: "relative" } } } };
  assert.deepEqual(refusal(encode(document)), [
    '$.certificates.pools["a\\"b\\n"].crl: expected an absolute path; found "relative"',
  ]);
});

test("wants one of two ways to say what HAProxy can do", () => {
  assert.deepEqual(refusal(encode({ ...haproxy.document, haproxy: {} })), [
    "$.haproxy: expected at least one of the properties version, features; found an object",
  ]);
});

test("wants the key of a rule whose type has one, and the cookie of a session that has one", () => {
  const document = structuredClone(haproxy.document);
  const rule = { l7rule_id: "r", type: "HEADER", compare_type: "EQUAL_TO", value: "x" };
  const policy = { l7policy_id: "p", action: "REJECT", rules: [rule, { ...rule, type: "PATH" }] };
  Object.assign(document.loadbalancer.listeners[0] ?? {}, { l7policies: [policy] });
  Object.assign(document.loadbalancer.pools[0] ?? {}, { session_persistence: { type: "APP_COOKIE" } });
  assert.deepEqual(refusal(encode(document)), [
    "$.loadbalancer.listeners[0].l7policies[0].rules[0].key: expected a string; found nothing",
    "$.loadbalancer.pools[0].session_persistence.cookie_name: expected a string; found nothing",
  ]);
});

test("refuses numbers that JSON rounds: they would be printed as others", () => {
  const text = JSON.stringify(haproxy.document).replace(
    /"timeout_client_data":\d+/,
    '"timeout_client_data":9007199254740993',
  );
  assert.match(
    refusal(Buffer.from(text)).join(),
    /timeout_client_data: expected an integer or null; found 9007199254740992/,
  );
});

test("what only the prototype of an object has is missing", () => {
  assert.match(
    refusal(Buffer.from('{"__proto__": {"kind": "haproxy"}}')).join(),
    /\$\.kind: expected one of/,
  );
});

test("refuses what is not JSON in UTF-8, without repeating what stands there", () => {
  const syntax = refusal(Buffer.from('{"vrrp_auth_pass": hidden}')).join();
  assert.match(syntax, /^\$: expected a JSON document in UTF-8; found Unexpected token/);
  assert.doesNotMatch(syntax, /hidden/);
  assert.deepEqual(refusal(Buffer.from([0x22, 0xff, 0x22])), [
    "$: expected a JSON document in UTF-8; found bytes that are not UTF-8",
  ]);
});

function refusal(bytes: Uint8Array): string[] {
  try {
    parseDocument(bytes);
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    assert.equal(error.status, 400);
    assert.equal(error.message, "Invalid request");
    return (error.details ?? "").split("\n");
  }
  return assert.fail("the document was accepted");
}
