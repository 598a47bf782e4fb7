import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  HealthMonitor,
  Listener,
  Member,
  Pool,
  RenderingDocument,
} from "../../../../agent/render/document/types.ts";
import { lvsView } from "../../../../agent/render/keepalived/lvs-view.ts";

const MEMBER = { member_id: "m", address: "10.0.0.1", protocol_port: 53 };
const MONITOR = {
  healthmonitor_id: "h",
  type: "HTTP",
  delay: 5,
  timeout: 3,
  max_retries: 1,
  max_retries_down: 2,
  http_method: "GET",
  url_path: "/",
  expected_codes: "200",
};

interface Changes {
  readonly listener?: Partial<Listener>;
  readonly pool?: Partial<Pool>;
  readonly member?: Partial<Member>;
  readonly monitor?: Partial<HealthMonitor>;
}

function aDocument({ listener, pool, member, monitor }: Changes): RenderingDocument {
  const members = [{ ...MEMBER, ...member }];
  return {
    format: "octavia-amphora-rendering",
    format_version: 1,
    kind: "keepalived-lvs",
    listener_id: "l",
    loadbalancer: {
      loadbalancer_id: "lb",
      vip_address: "203.0.113.5",
      listeners: [
        { listener_id: "l", protocol: "UDP", protocol_port: 53, default_pool_id: "p", ...listener },
      ],
      pools: [{ pool_id: "p", protocol: "UDP", members, healthmonitor: { ...MONITOR, ...monitor }, ...pool }],
    },
  };
}

const PATH = "$.loadbalancer.pools[0]";
for (const [title, changes, details] of [
  [
    "a listener that is not there",
    { listener: { listener_id: "x" } },
    '$.listener_id: expected the id of one of $.loadbalancer.listeners; found "l"',
  ],
  [
    "a listener that HAProxy serves",
    { listener: { protocol: "HTTP" } },
    '$.loadbalancer.listeners[0].protocol: expected one of UDP, SCTP; found "HTTP"',
  ],
  [
    "a member that is no address",
    { member: { address: "include /etc/passwd" } },
    `${PATH}.members[0].address: expected an IPv4 or IPv6 address; found "include /etc/passwd"`,
  ],
  [
    "a monitored address that is none",
    { member: { monitor_address: "$(reboot)" } },
    `${PATH}.members[0].monitor_address: expected an IPv4 or IPv6 address; found "$(reboot)"`,
  ],
  [
    "a path that would end its block",
    { monitor: { url_path: "/ } } }" } },
    `${PATH}.healthmonitor.url_path: expected text without { and }; found "/ } } }"`,
  ],
  [
    "a code that would end its block",
    { monitor: { expected_codes: "}" } },
    `${PATH}.healthmonitor.expected_codes: expected text without { and }; found "}"`,
  ],
  [
    "a granularity that would end its block",
    { pool: { session_persistence: { type: "SOURCE_IP", persistence_granularity: "{" } } },
    `${PATH}.session_persistence.persistence_granularity: expected text without { and }; found "{"`,
  ],
] as const) {
  test(`refuses ${title}`, () => {
    assert.throws(() => lvsView(aDocument(changes)), { name: "DocumentError", details });
  });
}

test("does not look at members that are gone", () => {
  const view = lvsView(aDocument({ member: { address: "x", provisioning_status: "PENDING_DELETE" } }));
  assert.deepEqual(view.groups[0]?.members, []);
});

test("ids that every object has as properties are ids like others", () => {
  for (const id of ["constructor", "__proto__", "toString"]) {
    assert.equal(lvsView(aDocument({ listener: { default_pool_id: id } })).groups.length, 0);
    assert.equal(
      lvsView(aDocument({ listener: { default_pool_id: id }, pool: { pool_id: id } })).groups[0]?.poolId,
      id,
    );
  }
});
