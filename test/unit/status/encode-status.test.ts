import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeStatus } from "../../../agent/status/encode-status.ts";
import { ago, aLoadBalancer, KEY, LB, LISTENER, MEMBERS, someFacts } from "./some-facts.ts";

test("a listener, its pool and its members are told with what HAProxy says of them", () => {
  const { listeners, pools, load_balancers } = encodeStatus(someFacts());
  assert.deepEqual(load_balancers, [
    {
      id: LB,
      state: "running",
      pid: 10,
      version: "2.6.12",
      uptime_seconds: 3_600,
      workers: [12],
      old_workers: [],
      connections: { current: 3, limit: 1_000 },
    },
  ]);
  assert.deepEqual(listeners, [
    {
      id: LISTENER,
      load_balancer_id: LB,
      protocol: "HTTP",
      addresses: ["203.0.113.5:80"],
      state: "OPEN",
      connections: { current: 3, total: 40, limit: 500 },
      request_errors: 1,
      default_pool: KEY,
    },
  ]);
  assert.deepEqual(pools, [
    {
      key: KEY,
      load_balancer_id: LB,
      listener_id: LISTENER,
      state: "UP",
      members: [
        {
          id: MEMBERS[0],
          address: "10.0.0.10:8080",
          state: "UP",
          weight: 1,
          since_seconds: 60,
          check: { status: "L7OK", code: 200, duration_ms: 2, text: "OK" },
        },
      ],
    },
  ]);
});

test("of a HAProxy that does not run only the configuration is known", () => {
  const stopped = aLoadBalancer({ pid: undefined, wanted: false, answer: undefined });
  const { load_balancers, listeners, pools } = encodeStatus(
    someFacts({ loadBalancers: { value: [stopped] } }),
  );
  assert.deepEqual([load_balancers[0]?.state, load_balancers[0]?.workers], ["stopped", null]);
  assert.deepEqual([listeners[0]?.state, listeners[0]?.connections], ["DOWN", null]);
  assert.deepEqual([pools[0]?.state, pools[0]?.members[0]?.state], ["unknown", "unknown"]);
});

test("a pool of API 0.5 belongs to the only listener there is", () => {
  const only = aLoadBalancer({ backends: [{ key: "pool", servers: new Map() }] });
  const { pools } = encodeStatus(someFacts({ loadBalancers: { value: [only] } }));
  assert.equal(pools[0]?.listener_id, LISTENER);
});

test("a controller with an IPv6 address has its last heartbeat too, and none without an agent", () => {
  assert.deepEqual(encodeStatus(someFacts()).controllers, [
    { address: "192.0.2.10:5555", last_heartbeat: ago(3_000) },
    { address: "[2001:db8::10]:5555", last_heartbeat: ago(13_000) },
  ]);
  const { agent, controllers } = encodeStatus(someFacts({ agent: { state: "down", reason: "no" } }));
  assert.deepEqual(agent, { state: "down", pid: null, since: null, supervisor: null, heartbeats: null });
  assert.deepEqual(
    controllers.map(({ last_heartbeat }) => last_heartbeat),
    [null, null],
  );
});

test("a UDP listener has what the kernel says of it, and disabled members without an address", () => {
  const listener = {
    id: LISTENER,
    protocol: "UDP" as const,
    addresses: ["203.0.113.5:53"],
    disabled: false,
    pid: 5,
    wanted: true,
    poolId: "pool",
    members: new Map([
      ["m1", "10.0.0.10:53"],
      ["m2", undefined],
    ]),
  };
  const counters = { bin: 1, bout: 2, ereq: 0, stot: 9 };
  const sample = {
    listeners: [{ id: LISTENER, status: "OPEN", currentConnections: 4, counters }],
    pools: [{ key: "pool", status: "UP", members: { m1: "UP", m2: "MAINT" } }],
  };
  const { listeners, pools } = encodeStatus(
    someFacts({
      loadBalancers: { value: [] },
      lvs: { value: { listeners: [listener], sample: { value: sample } } },
    }),
  );
  assert.deepEqual(listeners[0]?.connections, { current: 4, total: 9, limit: null });
  assert.deepEqual(
    pools[0]?.members.map(({ id, address, state }) => [id, address, state]),
    [
      ["m1", "10.0.0.10:53", "UP"],
      ["m2", null, "MAINT"],
    ],
  );
});

test("the version is that of the agent which runs, not of the program that asks", () => {
  const facts = someFacts({ agentVersion: "9.9.9" });
  assert.equal(encodeStatus(facts).versions.agent, "0.1.0");
  assert.equal(encodeStatus({ ...facts, agent: { state: "down", reason: "no" } }).versions.agent, "9.9.9");
});

test("repairs are told as the agent counts them, and null as long as it keeps nothing or does not run", () => {
  const { agent } = someFacts();
  assert.ok(agent.state === "running");
  assert.equal(encodeStatus(someFacts()).healing, null);
  const last = { keeper: "network", differences: ["rule add"], cause: "Deleted 32000:", at: ago(1_000) };
  const healing = { repairs: { rule: 2 }, last, flapping: [], failing: [] };
  const facts = someFacts({ agent: { state: "running", report: { ...agent.report, healing } } });
  assert.deepEqual(encodeStatus(facts).healing, {
    repairs: { rule: 2 },
    last: { at: ago(1_000), cause: "Deleted 32000:", differences: ["rule add"] },
    flapping: [],
    failing: [],
  });
  assert.equal(encodeStatus({ ...facts, agent: { state: "down", reason: "no" } }).healing, null);
});
