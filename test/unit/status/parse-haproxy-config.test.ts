import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHaproxyConfig } from "../../../agent/status/parse-haproxy-config.ts";

test("listeners have their protocol, addresses, limit and default pool", () => {
  const { frontends } = parseHaproxyConfig(`# Configuration for loadbalancer x
global
    maxconn 5
defaults
    mode tcp
frontend web
    maxconn 500
    bind 203.0.113.5:80
    bind 2001:db8::5:80
    mode http
    default_backend pool:web
frontend tls
    bind 203.0.113.5:443 ssl crt-list /certs/tls.pem
    mode http
frontend plain
    bind 203.0.113.5:25
    mode tcp
frontend metrics
    bind 203.0.113.5:8088
    mode http
    default_backend prometheus-exporter-internal
frontend prometheus-exporter-internal-endpoint
    bind 127.0.0.1:9101
`);
  assert.deepEqual(frontends, [
    {
      id: "web",
      protocol: "HTTP",
      addresses: ["203.0.113.5:80", "[2001:db8::5]:80"],
      limit: 500,
      defaultBackend: "pool:web",
    },
    {
      id: "tls",
      protocol: "TERMINATED_HTTPS",
      addresses: ["203.0.113.5:443"],
      limit: undefined,
      defaultBackend: undefined,
    },
    {
      id: "plain",
      protocol: "TCP",
      addresses: ["203.0.113.5:25"],
      limit: undefined,
      defaultBackend: undefined,
    },
    {
      id: "metrics",
      protocol: "PROMETHEUS",
      addresses: ["203.0.113.5:8088"],
      limit: undefined,
      defaultBackend: undefined,
    },
  ]);
});

test("pools have the addresses of their members, and those of the exporter are none", () => {
  const { backends } = parseHaproxyConfig(`
backend pool:web
    server m1 10.0.0.10:8080 weight 1 check
    # server m0 10.0.0.9:8080
    server m2 2001:db8::10:8080 weight 1 backup
backend prometheus-exporter-internal
    server prometheus-internal 127.0.0.1:9102
`);
  assert.deepEqual(backends, [
    {
      key: "pool:web",
      servers: new Map([
        ["m1", "10.0.0.10:8080"],
        ["m2", "[2001:db8::10]:8080"],
      ]),
    },
  ]);
});

test("a text without sections has nothing", () => {
  assert.deepEqual(parseHaproxyConfig("\n  # x\n"), { frontends: [], backends: [] });
});
