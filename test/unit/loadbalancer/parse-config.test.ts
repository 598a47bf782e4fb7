import assert from "node:assert/strict";
import { test } from "node:test";
import {
  parseBindAddresses,
  parseConfig,
  parseStatsSocket,
} from "../../../agent/loadbalancer/parse-config.ts";

const GLOBAL = "# Configuration\nglobal\n    stats socket /var/lib/octavia/x.sock mode 0666 level user\n\n";
const parse = (text: string) => parseConfig(`${GLOBAL}${text}`).listeners;
const aFrontend = (name: string, ...lines: string[]) =>
  `frontend ${name}\n${lines.map((line) => `    ${line}\n`).join("")}\n`;

test("listeners are frontends in order of appearance, with their mode in capitals", () => {
  const text = `${aFrontend("one", "bind 203.0.113.5:80", "mode http")}backend x:one\n    mode tcp\n\n${aFrontend("two", "mode tcp")}`;
  assert.deepEqual(parse(text), [
    { status: "ACTIVE", uuid: "one", type: "HTTP" },
    { status: "ACTIVE", uuid: "two", type: "TCP" },
  ]);
});

test("a listener with a certificate list terminates TLS, whatever its mode", () => {
  const text = aFrontend("tls", "bind 203.0.113.5:443 ssl crt-list /c/tls.pem alpn h2", "mode http");
  assert.deepEqual(parse(text), [{ status: "ACTIVE", uuid: "tls", type: "TERMINATED_HTTPS" }]);
});

test("a certificate without a list is no sign of termination", () => {
  assert.equal(parse(aFrontend("f", "bind :443 ssl crt /c/a.pem", "mode http"))[0]?.type, "HTTP");
});

test("the first mode counts, and a backend's mode does not", () => {
  assert.equal(parse(aFrontend("f", "mode http", "mode tcp"))[0]?.type, "HTTP");
  assert.throws(() => parse(`${aFrontend("f", "bind :80")}backend b\n    mode http\n`), /f .* has no mode/);
});

test("a section line is alone on its line, and never the first of the file", () => {
  assert.deepEqual(parse("frontend one two\n    mode http\n    frontend three\n"), []);
  assert.deepEqual(parseConfig("frontend f\n    mode http\n    stats socket /s\n").listeners, []);
});

test("a configuration without a stats socket is an error", () => {
  assert.throws(() => parseConfig("\nfrontend f\n    mode http\n"), /stats socket/);
  assert.equal(parseStatsSocket(GLOBAL), "/var/lib/octavia/x.sock");
});

test("bind addresses are what stands before the last colon, each once", () => {
  const text = [
    "frontend f",
    "    bind 203.0.113.5:80",
    "    bind 198.51.100.7:80 ssl crt-list /c/x:y.pem",
    "    bind 2001:db8:2::7:80",
    "    bind 203.0.113.5:443",
    "    bind 203.0.113.6:1, 203.0.113.7:2, 203.0.113.8:3 interface a:b",
    "    bind-process 1:2",
    "    server s 10.0.0.1:80",
    "    bind nothing",
  ].join("\n");
  assert.deepEqual(parseBindAddresses(text), [
    "203.0.113.5",
    "198.51.100.7",
    "2001:db8:2::7",
    "203.0.113.6",
    "203.0.113.7",
    "203.0.113.8",
  ]);
});
