import assert from "node:assert/strict";
import { test } from "node:test";
import { type ListenerConfig, renderHaproxyConfig } from "../../../agent/sandbox/render-haproxy-config.ts";
import ipv6 from "../../vectors/rendering/haproxy/ipv6-vip-and-members.json" with { type: "json" };
import thresholds from "../../vectors/rendering/haproxy/monitor-thresholds.json" with { type: "json" };

test("writes the same bytes as a controller for one HTTP listener with a monitored pool", () => {
  assert.equal(renderHaproxyConfig(configOf(thresholds)), thresholds.expected);
});

test("writes IPv6 addresses as a controller does, without brackets", () => {
  assert.equal(renderHaproxyConfig(configOf(ipv6)), ipv6.expected);
});

test("leaves out backend and default_backend of a listener without pool", () => {
  const { pool: _, ...listener } = configOf(thresholds);
  const text = renderHaproxyConfig(listener);
  assert.match(text, /^frontend /m);
  assert.doesNotMatch(text, /backend/);
});

test("binds every address of the load balancer", () => {
  const text = renderHaproxyConfig({ ...configOf(thresholds), addresses: ["203.0.113.5", "2001:db8::5"] });
  assert.match(text, /^ {4}bind 203\.0\.113\.5:80\n {4}bind 2001:db8::5:80$/m);
});

/** The part of a rendering document that the sandbox has a use for. */
function configOf({ document }: typeof thresholds | typeof ipv6): ListenerConfig {
  const { loadbalancer } = document;
  const [listener] = loadbalancer.listeners;
  const [pool] = loadbalancer.pools;
  assert.ok(listener && pool);
  const { healthmonitor: monitor } = pool;
  return {
    loadBalancerId: loadbalancer.loadbalancer_id,
    projectId: loadbalancer.project_id,
    listenerId: listener.listener_id,
    addresses: [loadbalancer.vip_address],
    port: listener.protocol_port,
    // What a controller makes of "unlimited".
    connectionLimit: 50_000,
    clientTimeoutMs: listener.timeout_client_data,
    pool: {
      poolId: pool.pool_id,
      monitor: {
        path: monitor.url_path,
        delaySeconds: monitor.delay,
        timeoutSeconds: monitor.timeout,
        fall: monitor.max_retries_down,
        rise: monitor.max_retries,
      },
      members: pool.members.map(({ member_id, address, protocol_port, weight }) => ({
        ...{ memberId: member_id, address, port: protocol_port, weight },
      })),
    },
  };
}
